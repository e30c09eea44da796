"""The certificate: every rule, the objective and the money of a plan, checked from its output tables alone."""

from collections.abc import Mapping

import polars as pl

from equipoise.supply.auditing import capacity, limits, material, money, policies, service, strategies
from equipoise.supply.auditing.books import books
from equipoise.supply.auditing.check import Check, verdict
from equipoise.tables import table

CHECKS: tuple[Check, ...] = (
    Check(
        "stock balance",
        "Stock before, arrivals and receipts are stock, components, transfers, shipments and scrap.",
        material.stock_balance,
    ),
    Check("opening stock", "Each period opens with the stock of the one before, the first with stock on hand.", material.opening_stock),
    Check("stock value", "Stock is valued at standard cost.", material.stock_value),
    Check("allowed flows", "Everything made, bought, moved and shipped has a row that allows it in its period.", material.allowed_flows),
    Check("nothing negative", "No quantity of the plan is below zero.", material.nothing_negative),
    Check("scrap", "Only what may be scrapped, or can expire, is scrapped.", material.scrap_allowed),
    Check("shelf life", "No stock is older than the life of its item.", material.shelf_life),
    Check("demand", "The demand shown is that of the demand plan.", service.demand_known),
    Check("shipments", "What is shown as shipped is what arrives in its period.", service.shipments_arrive),
    Check("demand balance", "Demand and what was late is shipped, late or lost.", service.demand_balance),
    Check("lost within demand", "No more is lost in a period than is demanded.", service.lost_within_demand),
    Check("demand that must be served", "Nothing is lost where nothing may be lost.", service.lost_allowed),
    Check("backlog", "Nothing is late where nothing may be late.", service.backlog_allowed),
    Check("age of backlog", "Nothing is late for longer than allowed.", service.backlog_age),
    Check("ending backlog", "No more is late at the end than allowed.", service.ending_backlog),
    Check("minimum fill", "Each period gets its least share of demand.", service.minimum_fill),
    Check(
        "load by activity",
        "The load of each route, purchase, lane and stored item is its usage times its quantity.",
        capacity.load_by_activity,
    ),
    Check(
        "load of resources", "The load of a resource is that of its activities, in regular time and overtime.", capacity.load_of_resource
    ),
    Check("available capacity", "The capacity shown is what the tables give, steps and stops counted.", capacity.available_capacity),
    Check("capacity", "Regular time is within capacity.", capacity.regular_capacity),
    Check("overtime", "Overtime is within its limit.", capacity.overtime),
    Check("maximum idle", "No more regular time stands idle than allowed.", capacity.idle_time),
    Check("minimum run", "A line that runs has its least load.", capacity.minimum_run),
    Check("running lines", "A line that works is paid for.", capacity.line_runs),
    Check("maintenance", "Every stop happens.", capacity.maintenance),
    Check("labor hours", "Regular time is within the hours of the workers.", capacity.labor_hours),
    Check("labor overtime", "Overtime is within the overtime hours of the workers.", capacity.labor_overtime),
    Check("workforce balance", "Workers are those before, those hired, less those laid off.", capacity.workforce_balance),
    Check("headcount", "Workers, hired and laid off are within their limits.", capacity.headcount),
    Check("whole workers", "Workers come whole where asked.", capacity.whole_workers),
    Check("purchase limits", "Purchases are within their limits, of each period and of the horizon.", limits.purchase_limits),
    Check("lane limits", "Lanes carry no more than their limit.", limits.lane_limits),
    Check("minimum load", "A lane that is used carries its least load.", limits.minimum_load),
    Check("minimum lot", "What is made or bought at all is no less than its least lot.", limits.minimum_lot),
    Check("lot multiple", "Production and purchases come in whole lots.", limits.lot_multiple),
    Check("loads", "Lanes carry whole loads, or are paid for loads enough for what they carry.", limits.loads),
    Check("paid for", "What is used and has a cost of use is paid for.", limits.paid_for),
    Check("decisions", "What is either done or not is done at most once, and wholly where asked.", limits.decisions_once),
    Check("sites", "Nothing happens at a site that is closed.", limits.sites),
    Check("limits over groups", "Groups are within their limits.", limits.group_limits),
    Check("target stock", "Stock reaches targets and least stocks that have no price.", policies.target_stock),
    Check("maximum stock", "Stock is within most stocks that have no price.", policies.maximum_stock),
    Check("targets shown", "Target, shortfall and excess are what policy and stock give.", policies.targets_shown),
    Check("firm plans", "Firm plans are obeyed.", limits.firm_plans),
    Check("frozen fence", "Nothing happens inside the frozen fence beside the firm plan.", limits.frozen_fence),
    Check("strategy", "Production or workforce follows the strategy set.", strategies.strategy),
    Check("money", "Every amount is a quantity of the plan times a given price.", money.money_terms),
    Check("the model's own prices", "The model's own prices only cost, and only what the plan has.", money.own_prices),
    Check("objective", "The objective is the sum of money and the model's own prices.", money.objective),
    Check("published money", "The money told is what the reports publish.", money.published_money),
    Check("proof", "Status, bound and gap are told and fit together.", money.proof),
    Check("violations told", "The solution says how many rules gave way.", money.violations_told),
)


def audit(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the table audit: one row a check, for a plan given as tables: those it was made from, `setting`, and those that it made.

    A place fails where it is off by more than a millionth of the size of its numbers (or of one unit). A check whose failing places are all
    listed in violation, with at least as much, gave way; one that the tables do not ask for says so.
    """
    plan = books(tables)
    rows = [verdict(check, plan) for check in CHECKS]
    return table("audit").conform(pl.DataFrame(rows, infer_schema_length=None))
