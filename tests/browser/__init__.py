"""JupyterLab in a real Chromium: what a learner sees, presses and hears."""
