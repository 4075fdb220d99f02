"""Whole screens and dialogs, a .py and a .tcss each."""
