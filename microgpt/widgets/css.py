"""The style sheet and the script that every panel carries."""

import ipywidgets

from microgpt.viz.looks import style_sheet

# ipywidgets gives slider handles no accessible name, HTML widgets no role, and buttons no state; no
# trait sets them. Whenever the panel changes, this script gives each handle the label of the number
# box beside it, says of both if they are off, and gives pills, and keys of which several may be
# chosen, the question as the name of their group, and whether they are chosen; once it makes the
# caption a live region, which screen readers read out when it changes.
ACCESSIBLE_NAMES = (
    "const p=this.closest('.mg-host'),set=(e,n)=>{"
    "if(e&&e.getAttribute('aria-label')!==n)e.setAttribute('aria-label',n)};"
    "const name=()=>p.querySelectorAll('.mg-slider').forEach(d=>{"
    "const l=d.querySelector('label');if(!l)return;"
    "const n=l.textContent+(d.classList.contains('mg-off')?' (off)':'');"
    "set(d.querySelector('input'),n);set(d.querySelector('.noUi-handle'),n+' slider')});"
    "const heard=':is(.mg-caption,.mg-live)>.widget-html-content:not([role])';"
    "const live=()=>p.querySelectorAll(heard).forEach(e=>{"
    "e.setAttribute('role','status');e.setAttribute('aria-live','polite')});"
    "const pills=()=>p.querySelectorAll('.mg-pills,.mg-several').forEach(g=>{"
    "const q=p.querySelector('.mg-q');g.setAttribute('role','group');if(q)set(g,q.textContent);"
    "g.querySelectorAll('.mg-pill,.mg-keycap').forEach(b=>"
    "b.setAttribute('aria-pressed',b.classList.contains('mg-chosen')))});"
    "if(p){const all=()=>{name();live();pills()};all();new MutationObserver(all)"
    ".observe(p,{childList:true,subtree:true,attributes:true,attributeFilter:['class']})}"
)


def style_widget() -> ipywidgets.Widget:
    """Return the invisible widget that brings the style sheet and the script."""
    sheet = ipywidgets.HTML(f'<style onload="{ACCESSIBLE_NAMES}">{style_sheet()}</style>')
    sheet.add_class("mg-style")
    return sheet
