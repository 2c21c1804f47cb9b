"""Priors: external normal models in ONNX, optional, that give an estimate its shape.

Nothing here is needed for anything else, and nothing is downloaded but by ``fetch``. What is
installed lies in a cache folder under names; requests name a prior and never a file. What
the add-on reads too stands in ``shared``: ``prior_catalogue``, the models that are known, their
licences in ``prior_notices``, and ``installed_priors``, the records of what is there.

    store       what is installed: found or refused, files copied in
    download    a pinned file from the network, whole or not at all
    network     a file as a function from pictures to normals (onnxruntime)
    asking      what an installed prior says of a picture
    sphere      which axes a model has: what it says of a sphere
    __main__    the command: ``python -m backend.priors``
"""
