"""Hand the model to HiGHS and bring back the plan: warm from the last basis, independent parts apart, always the same answer."""
