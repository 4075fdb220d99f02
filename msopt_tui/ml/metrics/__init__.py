"""The metrics of the tasks, offline and exact: pure functions over strings and numbers, without torch.

What every figure means stands in `msopt_tui.protocol.metrics`. A figure is `None` where there is nothing to measure.
"""
