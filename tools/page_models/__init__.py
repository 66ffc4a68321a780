"""What made the models of the page's figures (companion/elements/models): one module for each, with three functions.

``make()`` trains and gives the export; ``module()`` gives the PyTorch model before training and ``programs(model)`` what is
exported of it, by which the tests hold the page's engine against PyTorch.
"""
