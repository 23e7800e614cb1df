"""JavaScript that runs in the page; each text is one function."""

# Resolves when JupyterLab has started; its side bar is closed, as one does in a classroom.
START = """async () => {
    const sleep = ms => new Promise(done => setTimeout(done, ms));
    while (!window.jupyterapp) await sleep(20);
    const app = window.jupyterapp;
    await app.restored;
    if (!app.shell.leftCollapsed) await app.commands.execute("application:toggle-left-area");
}"""

OPEN = """async path => {
    const sleep = ms => new Promise(done => setTimeout(done, ms));
    const app = window.jupyterapp;
    await app.commands.execute("docmanager:open", {path, factory: "Notebook"});
    while (app.shell.currentWidget?.context?.path !== path) await sleep(20);
    const context = app.shell.currentWidget.context;
    await context.ready;
    await context.sessionContext.ready;
    while (context.sessionContext.session?.kernel?.status !== "idle") await sleep(20);
}"""

# Unsaved changes go without a question.
CLOSE = """async () => {
    const panel = window.jupyterapp.shell.currentWidget;
    await panel.context.sessionContext.shutdown();
    panel.dispose();
}"""

COMMAND = """async ([command, options, seconds]) => {
    const late = new Promise((_, fail) => setTimeout(
        () => fail(Error(`${command} took over ${seconds} s`)), 1000 * seconds));
    await Promise.race([window.jupyterapp.commands.execute(command, options), late]);
}"""

START_COMMAND = """([command, options]) => {
    window.jupyterapp.commands.execute(command, options);
}"""

IDLE = """() => {
    const context = window.jupyterapp.shell.currentWidget.context.sessionContext;
    const cells = window.jupyterapp.shell.currentWidget.content.widgets;
    return context.session?.kernel?.status === "idle"
        && cells.every(cell => !cell.model.executionState || cell.model.executionState === "idle");
}"""

SELECT = """index => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    notebook.deselectAll();
}"""

# Scrolls until the element stays in view for three layouts: what lies above may change its height
# when it comes near, and a cell that starts to run is scrolled to.
SCROLL_TO = """async element => {
    const notebook = window.jupyterapp.shell.currentWidget.content.node;
    const frames = done => requestAnimationFrame(() => requestAnimationFrame(done));
    for (let attempt = 0, steady = 0; attempt < 200 && steady < 3; attempt++) {
        element.scrollIntoView({block: "center", behavior: "instant"});
        await new Promise(frames);
        const [box, view] = [element.getBoundingClientRect(), notebook.getBoundingClientRect()];
        steady = box.bottom >= view.top && box.top <= view.bottom ? steady + 1 : 0;
    }
}"""

# Resolves when the kernel is idle after it has restarted; started before the restart is.
EXPECT_RESTART = """() => {
    const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
    window.kernelRestarted = new Promise(done => {
        let restarting = false;
        const look = (_, status) => {
            restarting ||= status.includes("restarting");
            if (restarting && status === "idle") { kernel.statusChanged.disconnect(look); done(); }
        };
        kernel.statusChanged.connect(look);
    });
}"""

RESTARTED = """async seconds => {
    const late = new Promise((_, fail) => setTimeout(
        () => fail(Error(`no kernel ${seconds} s after the restart`)), 1000 * seconds));
    await Promise.race([window.kernelRestarted, late]);
}"""

SCROLL_TOP = """() => {
    const notebook = window.jupyterapp.shell.currentWidget.content.node;
    return (notebook.querySelector(".jp-WindowedPanel-outer") ?? notebook).scrollTop;
}"""

# Records, without repetitions, where a slider's handle stands and what its picture's caption is.
# `keys` counts the keys pressed, `drawn` those pressed before the latest change of the picture.
LOG_KEYS = """([handle, picture]) => {
    const log = window.keyLog = {keys: 0, drawn: 0, positions: [], captions: []};
    const note = (list, value) => { if (list.at(-1) !== value) list.push(value); };
    const position = () => handle.getAttribute("aria-valuetext");
    const region = picture.closest(".mg-card").querySelector(".mg-caption");
    const caption = () => region.textContent;
    note(log.positions, position());
    note(log.captions, caption());
    // Records come in batches; each holds the value before it.
    const moved = new MutationObserver(records => {
        for (const record of records) note(log.positions, record.oldValue);
        note(log.positions, position());
    });
    const redrawn = new MutationObserver(() => {
        log.drawn = log.keys;
        note(log.captions, caption());
    });
    moved.observe(handle, {attributeFilter: ["aria-valuetext"], attributeOldValue: true});
    redrawn.observe(region, {childList: true, subtree: true, characterData: true});
    const pressed = () => { log.keys++; };
    document.addEventListener("keydown", pressed, {capture: true});
    window.stopKeyLog = () => {
        moved.disconnect();
        redrawn.disconnect();
        document.removeEventListener("keydown", pressed, {capture: true});
        return log;
    };
}"""

ALL_DRAWN = "count => window.keyLog.keys === count && window.keyLog.drawn === count"

# A promise of the ms from the next key to the first change inside `picture` after which it
# contains `text`; clock and eye are both in the page.
TIME_KEY = """([picture, text]) => {
    window.keyTimed = new Promise((done, fail) => {
        setTimeout(() => fail(Error(`no "${text}" a minute after the key`)), 60_000);
        let pressed = null;
        document.addEventListener(
            "keydown", () => { pressed = performance.now(); }, {capture: true, once: true});
        const observer = new MutationObserver(() => {
            if (pressed === null || !picture.textContent.includes(text)) return;
            observer.disconnect();
            done(performance.now() - pressed);
        });
        observer.observe(picture, {childList: true, subtree: true, characterData: true});
    });
}"""

# The name that a screen reader says, for what has the focus; null when the focus left `panel`.
FOCUSED = """panel => {
    const one = document.activeElement;
    if (!panel.contains(one)) return null;
    const label = one.labels?.[0]?.textContent;
    const role = one.getAttribute("role") ?? one.type ?? one.tagName.toLowerCase();
    return [role, (one.ariaLabel ?? label ?? one.textContent).trim()];
}"""

# Runs axe-core on all elements at once. What overflows the page counts as invisible for it, and
# cells out of sight are not laid out.
RUN_AXE = """async elements => {
    const style = document.createElement("style");
    style.textContent = "body, .jp-LabShell {overflow: visible !important}"
        + ".jp-Cell {content-visibility: visible !important; contain: none !important}";
    document.head.append(style);
    const ends = animation => animation.playState === "running"
        && Number.isFinite(animation.effect.getComputedTiming().endTime);
    try {
        await Promise.allSettled(document.getAnimations().filter(ends).map(one => one.finished));
        const {violations} = await window.axe.run(elements, {resultTypes: ["violations"]});
        const describe = node => `${node.html}: ${node.failureSummary}`;
        return violations.map(({id, impact, nodes}) => [id, impact, nodes.map(describe)]);
    } finally {
        style.remove();
    }
}"""
