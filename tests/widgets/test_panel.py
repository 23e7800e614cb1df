"""Panels: callbacks on several threads."""

import threading

import microgpt as mg


def test_a_panel_survives_callbacks_on_four_threads():
    panel = mg.widgets.SamplingExplorer("names")

    def drag(offset):
        for step in range(60):
            panel.sliders["temperature"].slider.value = (step * 0.05 + offset) % 2
            panel.u_slider.slider.value = (step * 0.013 + offset) % 0.999
            (panel.accept_button if step % 3 else panel.undo_button).click()

    threads = [threading.Thread(target=drag, args=(0.1 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    panel.restart_button.click()
    panel.sliders["temperature"].slider.value = 1.0
    panel.seed_box.value = 5
    panel.seed_box.value = 1
    fresh = mg.widgets.SamplingExplorer("names")
    assert panel.picture.value.replace(panel.id_prefix, "") == fresh.picture.value.replace(
        fresh.id_prefix, ""
    )
    assert mg.widgets.errors() == []
