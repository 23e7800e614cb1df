"""The defaults of presets and corpora."""


def test_recipes_are_settings():
    from microgpt.cli.train_defaults import PRESET_DEFAULTS, defaults
    from microgpt.cli.train_options import MODEL_FIELDS, TRAIN_FIELDS
    from microgpt.config import PRESETS

    assert set(PRESET_DEFAULTS) == set(PRESETS)
    for preset in PRESETS:
        assert set(defaults(preset, "the-verdict", None)) <= {
            *MODEL_FIELDS,
            *TRAIN_FIELDS,
            "tokenizer",
        }
    verdict = defaults("gpt2-124M", "the-verdict", None)
    assert (verdict["epochs"], verdict["lr"], verdict["weight_decay"]) == (10, 4e-4, 0.1)
    assert (verdict["dropout"], verdict["qkv_bias"], verdict["block_size"]) == (0.1, False, 256)
    assert "epochs" not in defaults("gpt2-124M", "tinyshakespeare", None)
    assert defaults("microgpt", "the-verdict", None) == defaults("microgpt", "names", None)
