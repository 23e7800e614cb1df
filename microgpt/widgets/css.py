"""The style sheet and the script that every panel carries."""

import ipywidgets

from microgpt.viz.looks import style_sheet

# ipywidgets gives slider handles no accessible name, and an HTML widget no role; no trait sets
# them. Whenever the panel changes, this script gives each handle the label of the number box beside
# it, says of both if they are off, and once it makes the caption a live region, which screen
# readers read out when it changes.
ACCESSIBLE_NAMES = (
    "const p=this.closest('.mg-host'),set=(e,n)=>{"
    "if(e&&e.getAttribute('aria-label')!==n)e.setAttribute('aria-label',n)};"
    "const name=()=>p.querySelectorAll('.mg-slider').forEach(d=>{"
    "const l=d.querySelector('label');if(!l)return;"
    "const n=l.textContent+(d.classList.contains('mg-off')?' (off)':'');"
    "set(d.querySelector('input'),n);set(d.querySelector('.noUi-handle'),n+' slider')});"
    "const live=()=>p.querySelectorAll('.mg-caption>.widget-html-content:not([role])').forEach(e=>{"
    "e.setAttribute('role','status');e.setAttribute('aria-live','polite')});"
    "if(p){name();live();new MutationObserver(()=>{name();live()})"
    ".observe(p,{childList:true,subtree:true,attributes:true,attributeFilter:['class']})}"
)


def style_widget() -> ipywidgets.Widget:
    """Return the invisible widget that brings the style sheet and the script."""
    sheet = ipywidgets.HTML(f'<style onload="{ACCESSIBLE_NAMES}">{style_sheet()}</style>')
    sheet.add_class("mg-style")
    return sheet
