"""Which items are planned as families, in what mix, and which of their ways of supply are planned as one."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from equipoise.supply.memory import Record

Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Families(Record):
    """The items that are planned as families.

    members: item, family, mix (its share of the family's demand; the shares of a family add up to 1).
    make, buy: what is one way of a family: key (route or purchase of an item), way (its name in the family's plan), item, family,
    location, weight (its share of the way, by mix; the weights of a way add up to 1).
    """

    members: pl.DataFrame
    make: pl.DataFrame
    buy: pl.DataFrame

    @property
    def ways(self) -> pl.DataFrame:
        """Rows of make and buy, with `table`: route or purchase."""
        return pl.concat([self.make.with_columns(table=pl.lit("route")), self.buy.with_columns(table=pl.lit("purchase"))])


def families(tables: Tables, periods: pl.DataFrame) -> Families:
    """Return the families of the tables and their ways of supply. `periods` has the column period: the horizon.

    A family is planned in place of its finished items; an item that is a component of a bill is planned by itself. The mix is the demand
    of the horizon; items of a family without any demand share equally. Routes of one family at one location that take the same resources
    are one way, and so are purchases of one family to one location from one supplier. Where a way is given for the family itself, the
    ways of its items at that location are not used.
    """
    members = _members(tables, periods)
    resources = (
        tables["usage"]
        .filter(pl.col("activity") == "make")
        .sort("of", "resource")
        .group_by("of", maintain_order=True)
        .agg(pl.col("resource").unique(maintain_order=True).str.join(" + ").alias("sort"))
    )
    route = tables["route"].join(resources, left_on="route", right_on="of", how="left", maintain_order="left")
    route = route.with_columns(prefix=pl.lit(" at "), suffix=pl.lit(" on "))
    bought = tables["purchase"].with_columns(
        sort=pl.concat_str(
            [pl.col("supplier"), pl.when(pl.col("kind") == "subcontract").then(pl.col("kind"))], separator=", ", ignore_nulls=True
        ),
        prefix=pl.lit(" to "),
        suffix=pl.lit(" from "),
    )
    return Families(members, _ways(route, "route", members), _ways(bought, "purchase", members))


def _members(tables: Tables, periods: pl.DataFrame) -> pl.DataFrame:
    """Return item, family and mix, sorted."""
    item = tables["item"].unique("item", keep="first", maintain_order=True)
    finished = pl.col("kind").fill_null("finished") == "finished"
    named = item.filter((pl.col("family").fill_null("") != "") & (pl.col("family") != pl.col("item")) & finished)
    named = named.join(tables["bom"].select("component").unique(), left_on="item", right_on="component", how="anti", maintain_order="left")
    sold = tables["demand_plan"].join(periods.select("period"), on="period", how="semi", maintain_order="left")
    sold = sold.group_by("item", maintain_order=True).agg(pl.col("quantity").clip(0).sum().alias("sold"))
    rows = (
        named.select("item", "family").join(sold, on="item", how="left", maintain_order="left").with_columns(pl.col("sold").fill_null(0.0))
    )
    return rows.with_columns(_shared("sold", "family").alias("mix")).drop("sold").sort("family", "item")


def _shared(column: str, over: str) -> pl.Expr:
    """Share of the group's sum; equal shares where the sum is nothing."""
    total = pl.col(column).sum().over(over)
    return pl.when(total > 0).then(pl.col(column) / total).otherwise(1.0 / pl.len().over(over))


def _ways(frame: pl.DataFrame, key: str, members: pl.DataFrame) -> pl.DataFrame:
    """Return the ways of one table: `frame` has key, item, location, sort (what tells ways at one place apart), prefix and suffix."""
    rows = frame.unique(key, keep="first", maintain_order=True)
    own = rows.join(members.select(item="family").unique(), on="item", how="semi", maintain_order="left").select(
        family="item", location="location"
    )
    rows = rows.join(members, on="item", maintain_order="left").join(own, on=["family", "location"], how="anti", maintain_order="left")
    place = ["family", "location"]
    several = pl.col("sort").fill_null("").n_unique().over(place) > 1
    told = pl.when(several & pl.col("sort").is_not_null()).then(pl.concat_str("suffix", "sort")).otherwise(pl.lit(""))
    rows = rows.with_columns(pl.concat_str("family", "prefix", "location", told).alias("way"))
    taken = rows.select("way").join(frame.select(key).unique(), left_on="way", right_on=key, how="semi", maintain_order="left").unique()
    clash = pl.col("way").is_in(taken.get_column("way").to_list())
    rows = rows.with_columns(pl.when(clash).then(pl.col("way") + pl.lit(" (family)")).otherwise("way").alias("way"))
    weight = pl.col("mix") / pl.len().over("way", "item")  # an item's own routes of one way share its part
    rows = rows.with_columns(weight.alias("part")).with_columns(_shared("part", "way").alias("weight"))
    return rows.select(pl.col(key).alias("key"), "way", "item", "family", "location", "weight").sort("way", "key")
