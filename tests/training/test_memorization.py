"""What a memorisation check keeps alive."""

import gc
import weakref
from copy import deepcopy

from small_trainers import names_trainer


def test_a_model_keeps_no_trainer_and_a_copy_no_original(backend):
    trainer = names_trainer(steps=3)
    trainer.run()
    model, name = trainer.model, next(iter(trainer.train_data))
    check, gone = trainer.memorization_check, weakref.ref(trainer)
    label = check(name)
    del trainer
    gc.collect()
    assert gone() is None
    assert check(name) == label
    assert check("xq") == "new"
    copy, original = deepcopy(model), weakref.ref(model)
    del model
    gc.collect()
    assert original() is None
    assert copy([0]).shape == (1, copy.config.vocab_size)
