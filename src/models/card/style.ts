import { PAGE_STYLE, sourceHash } from '../../platform/page/style.js';

/** What the card has besides the parts of all pages. */
const CARD = `h1{overflow-wrap:anywhere}.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:18px;margin-top:18px}.plots.large{grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr))}.plots .card{margin:0}.plots h3{font-size:15px}.plots .note{font-size:12.5px;line-height:1.45;color:var(--soft);margin:2px 0 12px}.plots figure{max-width:480px;margin:0 auto}
.drawing .curve{fill:none;stroke-width:2;stroke-linejoin:round}.drawing .chance{fill:none;stroke:var(--soft);stroke-width:1.25;stroke-dasharray:3 4}.drawing .fill{fill:var(--current);fill-opacity:.1}
.drawing .s0{stroke:var(--current)}.drawing .s1{stroke:var(--drift)}.drawing .s2{stroke:var(--calm)}.drawing .s3{stroke:var(--few);stroke-dasharray:6 3}.drawing .s4{stroke:var(--drift);stroke-dasharray:2 3}.drawing .s5{stroke:var(--current);stroke-dasharray:2 3}
.drawing .point{fill:var(--current);fill-opacity:.45}.drawing .mean{fill:var(--paper);stroke:var(--current);stroke-width:2}.drawing .whisker{fill:none;stroke:var(--ink);stroke-width:1.25}.drawing .bar{fill:var(--current)}.drawing .worse{fill:var(--drift)}.drawing .cell{fill:var(--current)}.drawing .wrong{fill:var(--drift)}.drawing .frame{fill:none;stroke:var(--line)}.drawing .ink{fill:var(--ink)}.drawing .light{fill:var(--paper)}
.lines i{width:18px;height:3px;border-radius:2px;vertical-align:3px}.c0{background:var(--current)}.c1{background:var(--drift)}.c2{background:var(--calm)}.c3{background:repeating-linear-gradient(90deg,var(--few) 0 6px,transparent 6px 9px)}.c4{background:repeating-linear-gradient(90deg,var(--drift) 0 2px,transparent 2px 5px)}.c5{background:repeating-linear-gradient(90deg,var(--current) 0 2px,transparent 2px 5px)}
.wide{max-width:860px}.wide figure{max-width:none}.pairs{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,260px),1fr));gap:16px 36px}.pairs dd{overflow-wrap:anywhere}.pairs code,.hash{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--soft);overflow-wrap:anywhere}
.events{list-style:none;margin-top:4px}.events li{padding:12px 0;border-top:1px solid var(--line);overflow-wrap:anywhere}.events li:first-child{border-top:0}.events b{font-weight:600}.events small{display:block;font-size:12.5px;color:var(--soft)}
.warnings{padding-left:20px}.warnings li{margin:6px 0;overflow-wrap:anywhere}.settings{list-style:none;display:flex;flex-wrap:wrap;gap:10px 34px}.settings b{display:block;font-weight:560;font-size:17px}.settings span{font-size:12.5px;color:var(--soft)}
.card>.metrics:first-child{margin-top:0}.lineage>*+*{margin-top:22px}.best th,.best td{background:var(--few-wash)}
@media(max-width:960px){.lines i{vertical-align:3px}}`;

export const CARD_STYLE = `${PAGE_STYLE}${CARD}`;

/** Its source in a Content-Security-Policy. */
export const CARD_STYLE_HASH = sourceHash(CARD_STYLE);
