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
    ".observe(p,{childList:true,subtree:true,attributes:true,attributeFilter:['class']})};"
)

# Elements with `data-pick` are buttons that HTML widgets lack: a click, Enter or an arrow key
# writes the number of one of them into the number box with the class "mg-picker". The one that was
# picked has the focus again when the picture is drawn anew.
PICKS = (
    "if(p&&!p.mgPicks){p.mgPicks=true;let last=0;"
    "const at=k=>p.querySelector(`[data-pick='${k}']`);"
    "const pick=k=>{const i=p.querySelector('.mg-picker input');if(!i||!at(k))return;"
    "last=k;i.value=k;i.dispatchEvent(new Event('change',{bubbles:true}));at(k).focus()};"
    "const steps={Enter:0,' ':0,ArrowLeft:-1,ArrowRight:1,ArrowUp:-1,ArrowDown:1};"
    "const number=e=>+(e.target.closest('[data-pick]')||{dataset:{}}).dataset.pick;"
    "p.addEventListener('click',e=>number(e)&&pick(number(e)));"
    "p.addEventListener('keydown',e=>{if(!number(e)||!(e.key in steps))return;"
    "e.preventDefault();e.stopPropagation();pick(number(e)+steps[e.key])});"
    "p.addEventListener('focusout',e=>{"
    "if(e.relatedTarget&&!e.relatedTarget.closest('[data-pick]'))last=0});"
    "new MutationObserver(()=>{if(last&&at(last)&&document.activeElement===document.body)"
    "at(last).focus()}).observe(p,{childList:true,subtree:true})}"
)


def style_widget() -> ipywidgets.Widget:
    """Return the invisible widget that brings the style sheet and the script."""
    sheet = ipywidgets.HTML(f'<style onload="{ACCESSIBLE_NAMES}{PICKS}">{style_sheet()}</style>')
    sheet.add_class("mg-style")
    return sheet
