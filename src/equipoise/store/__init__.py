"""The record: plan versions, overrides and what people decide."""
