"""`using(attention=…)`: a learner's heads run in a model, in training and with a cache."""

import numpy as np
import pytest
from override_models import sample_names, train

import microgpt as mg
from microgpt import learn
from microgpt.learn.registry import find_exercise

EXERCISE = find_exercise("06.many_heads")
TENSORS, ARRAYS = EXERCISE.solution, EXERCISE.alternative_solutions[0]


def leaking(*arguments):
    """A mistake: the last letter's row is the first's, too."""
    y = np.array(ARRAYS(*arguments))
    y[0] = y[-1]
    return y


def too_large(*arguments):
    return np.array(ARRAYS(*arguments)) * 1.01


def with_wrong_gradient(x, *others):
    return TENSORS(x.detach(), *others) + (x - x.detach())


@pytest.fixture(scope="module")
def library_losses():
    return train()


@pytest.mark.parametrize("function", [TENSORS, ARRAYS], ids=["Tensors", "arrays"])
def test_right_heads_train_as_the_library_does(function, library_losses):
    with learn.using(attention=function) as report:
        losses = train()
    np.testing.assert_allclose(losses, library_losses, atol=1e-4)
    assert report.matches_library
    assert report.gradient_error < 1e-4
    assert len(report.losses) == 10
    assert report.calls == {"attention": 24}  # twelve steps of two names
    assert report.stats["attention"].num_compared == 10
    assert ("works on Tensors" in str(report)) is (function is TENSORS)
    assert ("returns arrays" in str(report)) is (function is ARRAYS)
    assert train() == library_losses


@pytest.mark.parametrize(
    "function",
    [
        leaking,
        too_large,
        lambda x, wq, wk, wv, wo, n_head: ARRAYS(x, wk, wq, wv, wo, n_head),
        lambda x, wq, wk, wv, wo, n_head: ARRAYS(x, wq, wk, wv, wo.T, n_head),
        lambda x, wq, wk, wv, wo, n_head: ARRAYS(x, wq, wk, wv, wo, 1),
    ],
)
def test_wrong_heads_are_noticed(function):
    with learn.using(attention=function) as report:
        train(steps=2)
    assert not report.matches_library
    assert "differ" in str(report)


def test_a_wrong_gradient_is_noticed():
    with learn.using(attention=with_wrong_gradient) as report:
        train(steps=1)
    assert report.losses[0][0] == pytest.approx(report.losses[0][1], abs=1e-5)
    assert report.gradient_error > 0.01
    assert "The first gradient differs" in str(report)


@pytest.mark.parametrize("function", [TENSORS, ARRAYS], ids=["Tensors", "arrays"])
def test_names_are_sampled_with_it(function):
    expected = sample_names()
    with learn.using(attention=function) as report:
        assert sample_names() == expected
    assert report.calls["attention"] > 20
    assert report.matches_library
    with learn.using(attention=too_large) as report:
        sample_names()
    assert not report.matches_library


def test_each_call_gets_one_sequence_as_far_as_it_goes():
    lengths = []

    def watched(x, *others):
        lengths.append(len(x))
        return ARRAYS(x, *others)

    model = mg.GPT(mg.GPTConfig.microgpt(n_layer=2), backend="numpy")
    cache = mg.KVCache(model, batch_size=2)
    with mg.no_grad(), learn.using(attention=watched) as report:
        model(np.array([[1, 2, 3], [4, 5, 6]]), cache)
        model(np.array([[7], [8]]), cache)
        cache.rewind(2)
        last = model(np.array([[9], [1]]), cache).numpy()
    lengths.pop(0)  # a trial with a Tensor, which this function does not take
    assert lengths == [3] * 4 + [4] * 4 + [3] * 4
    assert report.calls == {"attention": 12}
    with mg.no_grad():
        expected = model(np.array([[1, 2, 9], [4, 5, 1]])).numpy()[:, -1:]
        np.testing.assert_allclose(last, expected, atol=1e-5)
        cache.rewind(2)  # the library's keys and values are there, too
        np.testing.assert_allclose(model(np.array([[9], [1]]), cache).numpy(), last, atol=1e-5)


def test_a_cache_from_before_the_block_is_refused():
    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    cache = mg.KVCache(model)
    with mg.no_grad():
        model(np.array([[1, 2, 3]]), cache)
        with (
            pytest.raises(mg.StateError, match=r"filled before the block: call cache\.reset"),
            learn.using(attention=ARRAYS),
        ):
            model(np.array([[4]]), cache)


def model_with(**changes):
    return mg.GPT(mg.GPTConfig.microgpt(**changes), backend="numpy")


TOKENS = np.array([[1, 2, 3]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bias": True}, "your attention takes none: use a model with bias=False"),
        ({"qkv_bias": True}, "has biases"),
        ({"dropout": 0.1}, "use dropout=0, or call model.eval()"),
    ],
)
def test_models_with_more_than_its_arguments_are_refused(changes, message):
    with pytest.raises(mg.StateError, match=message), learn.using(attention=TENSORS):
        model_with(**changes).loss(TOKENS, TOKENS)


def test_dropout_is_no_obstacle_where_nothing_is_dropped():
    model = model_with(dropout=0.1).eval()
    with learn.using(attention=TENSORS) as report:
        model.loss(TOKENS, TOKENS)
    assert report.matches_library


def test_another_shape_is_refused():
    with (
        pytest.raises(mg.ShapeError, match=r"your attention must return shape \(3, 16\); got \(3,"),
        learn.using(attention=lambda x, *others: x[:, :4]),
    ):
        model_with().loss(TOKENS, TOKENS)


def test_a_model_without_attention_is_named():
    with mg.using("numpy"):
        model = mg.models.MLP(27, context=3, n_embd=4, hidden=8, seed=1)
    with (
        pytest.raises(mg.StateError, match=r"your attention never ran: .* calls .*embedding"),
        learn.using(attention=TENSORS),
    ):
        model(TOKENS)


@pytest.mark.parametrize("id", ["06.many_heads", "06.attention_head", "07.count_parameters"])
def test_names_of_exercises_say_what_to_write(id):
    exercise = find_exercise(id)
    with pytest.raises(mg.SettingError) as caught, learn.using(**{exercise.answer_name: len}):
        pass
    instead = "parameter_count()" if id.startswith("07") else "using(attention=many_heads)"
    assert instead in str(caught.value)


@pytest.mark.parametrize("id", ["07.rms_norm", "07.layer_norm"])
@pytest.mark.parametrize("bias", [False, True])
def test_norms_run_in_models_with_and_without_biases(id, bias):
    exercise = find_exercise(id)
    norm = exercise.answer_name.replace("_", "")
    corpus = mg.load_corpus("names-mini")
    for function in (exercise.solution, exercise.alternative_solutions[0]):
        model = model_with(norm=norm, bias=bias, final_norm=True)
        with learn.using(**{exercise.answer_name: function}) as report:
            mg.Trainer(model, corpus, mg.TrainConfig(steps=10)).run()
        assert report.matches_library
        assert len(report.losses) == 10
        assert report.gradient_error < 1e-4
        assert report.calls[exercise.answer_name] >= 40


def test_the_model_without_an_override_calls_nothing_else():
    """The hook is asked for each layer's attention once, and is given all that decides it."""
    seen = []

    def hook(name, op, arguments, options):
        seen.append(name)
        return op(*arguments, **options)

    model = model_with(n_layer=3)
    expected = model(TOKENS).numpy()
    with mg.autograd.engine.override_ops(hook):
        assert np.array_equal(model(TOKENS).numpy(), expected)
    assert seen.count("attention") == 3
