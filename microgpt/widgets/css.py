"""The style sheet of panels: controls above the picture or, from 700 pixels on, beside it.

A panel whose kernel is gone shows a message by CSS alone, because no Python code is left to do it.
"""

from microgpt.viz.style import STYLE

KERNEL_GONE = "Its kernel was restarted: run the first cell, then run this cell to use it."
RUN_CELL = "Run this cell to use it."

# Hide the static picture while the live view below it works; once the view is dead, hide the
# error message that takes its place.
STATIC_STYLE = (
    "<style>.jp-OutputArea-child:has(.mg-static):has(+ .jp-OutputArea-child .mg-panel)"
    "{display:none}"
    ".jp-OutputArea-child:has(.mg-static) + .jp-OutputArea-child"
    " > .jp-OutputArea-output.lm-Panel:not(:has(*)){display:none}</style>"
)

# ipywidgets gives slider handles no accessible name, and no trait sets one. Whenever the panel
# changes, this script gives each handle the label of the number box beside it.
NAME_SLIDERS = (
    "const p=this.closest('.mg-panel');"
    "const name=()=>p.querySelectorAll('.mg-slider').forEach(d=>{"
    "const h=d.querySelector('.noUi-handle'),l=d.querySelector('label');"
    "if(h&&l&&h.getAttribute('aria-label')!==l.textContent+' slider')"
    "h.setAttribute('aria-label',l.textContent+' slider')});"
    "if(p){name();new MutationObserver(name).observe(p,{childList:true,subtree:true})}"
)

PANEL_STYLE = (
    STYLE
    + f"""<style onload="{NAME_SLIDERS}">
.mg-panel{{container-type:inline-size;width:100%;min-width:510px;max-width:722px;
  overflow:visible;position:relative}}
.mg-panel .widget-html-content{{line-height:18px}}
.mg-panel .mg-style{{display:none}}
.mg-panel .mg-header{{flex-flow:row wrap;gap:4px 10px;min-height:36px;overflow:visible}}
.mg-panel .mg-body{{display:block;position:relative;overflow:visible}}
.mg-panel .mg-controls{{flex-flow:row wrap;gap:2px 10px;overflow:visible}}
.mg-panel .mg-controls:empty{{display:none}}
.mg-panel .mg-picture{{margin:0;width:100%;overflow:visible}}
.mg-panel .mg-slider{{overflow:visible}}
.mg-panel .mg-slider .widget-slider{{height:22px}}
.mg-panel .mg-row{{flex-flow:row wrap;gap:4px;overflow:visible}}
.mg-panel .widget-label,.mg-panel label{{font-size:13px;color:var(--jp-ui-font-color1,#1f1f1f)}}
.mg-panel input,.mg-panel select,.mg-panel button{{font-size:13px}}
.mg-panel .mg-shifted{{transform:translate(0,0)}}
.mg-panel .mg-caption{{margin:4px 0;overflow-wrap:anywhere}}
.mg-panel .mg-error{{border:2px solid var(--mg-orange);padding:8px;box-sizing:border-box}}
@container (min-width:700px){{
  .mg-beside{{display:grid!important;grid-template-columns:196px 1fr}}
  .mg-beside>.mg-picture{{grid-area:1/1/2/3}}
  .mg-beside>.mg-controls{{grid-area:1/1/2/2;z-index:1;align-self:start;width:196px;
    flex-flow:column nowrap}}
  .mg-beside .mg-shifted{{transform:translate(var(--mg-x),0)}}
}}
.mg-panel.jupyter-widgets-disconnected::before,
.mg-panel .jupyter-widgets-disconnected::before{{content:none}}
.mg-panel.jupyter-widgets-disconnected>*{{opacity:.45;pointer-events:none}}
.mg-panel.jupyter-widgets-disconnected::after{{content:"{KERNEL_GONE}";position:absolute;left:10%;top:40%;
  padding:12px 16px;font:600 15px var(--jp-ui-font-family,sans-serif);z-index:5;
  color:var(--jp-ui-font-color1,#1f1f1f);background:var(--jp-layout-color1,#fff);
  border:2px solid var(--jp-ui-font-color1,#1f1f1f)}}
</style>"""
)
