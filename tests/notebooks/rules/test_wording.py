"""Rules for words."""

import pytest
from course.rules import wording
from notebook_pages import TEXT, check_rule, code, md, page

# rule: a page that keeps it, then pages that violate it, each with a part of the violation
CASES = {
    wording.no_banned_words: (
        page(md("An adjustment, `simply`, of a $just$ thing."), code("x = 'just'", TEXT)),
        (page(md("It is Simply so.")), "'Simply'"),
        (page(md("Of\ncourse it is.")), "'Of course'"),
        (page(code("print('that is easy')", TEXT)), "'easy'"),
        (page(code("x = 1  # the trivial one", TEXT)), "'trivial'"),
    ),
    wording.the_model_has_no_mind: (
        page(md("You know that the model gives chances. A thought: they stay.")),
        (page(md("The model knows it.")), "'model knows'"),
        (page(md("Here it does not really understand.")), "'it does not really understand'"),
        (page(md("The heads want more.")), "'heads want'"),
        (page(md("They never believed it.")), "'They never believed'"),
    ),
    wording.the_reader_is_you: (
        page(md("You weigh the newest one.")),
        (page(md("Now we train.")), "'we'"),
        (page(md("Let\u2019s train.")), "Let's"),
    ),
    wording.no_exclamations: (
        page(md("`!ls` and `a != b`."), code("print(f'{x!r} is not y', x != y)", TEXT)),
        (page(md("Look at that!")), "that!"),
        (page(md("Good 🎉.")), "🎉"),
        (page(code("print('all done!')", TEXT)), "all done!"),
    ),
    wording.spelling_is_british: (
        page(md("The optimiser's colour: a tokenizer of this size, resized, `color`.")),
        (page(md("The optimizer runs.")), "'optimizer'"),
        (page(md("Its Favorite color.")), "'Favorite'"),
        (page(md("Initialized, in the center.")), "'center'"),
    ),
}


def test_every_rule_is_tested():
    assert set(CASES) == set(wording.RULES)


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.__name__)
def test_the_rule(rule):
    check_rule(rule, *CASES[rule])
