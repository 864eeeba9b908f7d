import { createHash } from 'node:crypto';

/**
 * Blue against grey, and vermilion against green-blue, in light and dark: they differ for colour-blind people, and by
 * lightness on grey paper. Shapes and words say the same once more.
 */
const LIGHT =
  '--ink:#16191d;--soft:#59626e;--line:#e2e5ea;--paper:#fff;--ground:#f5f6f8;--reference:#b6bfcb;--current:#1b5db5;--drift:#b3400a;--calm:#0a6a55;--few:#69727e;--drift-wash:#fdf0e8;--calm-wash:#e8f5f1;--few-wash:#eef0f3;--l0:#e6ebf1;--l1:#cfd9e6;--l2:#b3c4d9;--l3:#92abc9;--l4:#f0a06c;--l5:#d9692b;--l6:#a33605';
const DARK =
  '--ink:#e9ebee;--soft:#9ca6b3;--line:#2b323b;--paper:#171b21;--ground:#0e1115;--reference:#596577;--current:#66b1f7;--drift:#ff9560;--calm:#53cfa9;--few:#9ca6b3;--drift-wash:#2c1d14;--calm-wash:#11261f;--few-wash:#20252c;--l0:#212831;--l1:#2b3644;--l2:#394a5f;--l3:#4a6280;--l4:#9a5127;--l5:#d66f31;--l6:#ffa873';

const FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif';

function palette(selector: string): string {
  return `${selector}{${LIGHT}}@media screen and (prefers-color-scheme:dark){${selector}{${DARK}}}`;
}

const SHAPES = `.drawing{display:block;width:100%;height:auto;font:12px ${FONT};font-variant-numeric:tabular-nums}
.drawing text{fill:var(--soft)}.drawing .name,.drawing .value{fill:var(--ink)}.drawing .caption{font-size:11.5px}
.drawing .grid,.drawing .base{fill:none;stroke:var(--line);stroke-width:1}.drawing .base{stroke:var(--soft);stroke-opacity:.6}
.drawing .reference{fill:var(--reference)}.drawing .current{fill:var(--current);fill-opacity:.2}.drawing .solid{fill-opacity:1}
.drawing .outline,.drawing .key{stroke:var(--current);stroke-width:1.75;stroke-linejoin:round}.drawing .outline{fill:none}.drawing .open{stroke-dasharray:4 3}
.drawing .arrow{fill:none;stroke:var(--soft);stroke-width:1.25}.drawing .track{fill:var(--line);fill-opacity:.55}.drawing .hit{fill:transparent}.drawing .hit:hover,.drawing g:hover>.hit{fill:var(--soft);fill-opacity:.1}
.drawing .nothing{fill:none;stroke:var(--line);stroke-dasharray:4 4}
.drawing .band{fill:var(--current);fill-opacity:.28}.drawing .dot{fill:var(--current)}.drawing .holdout{stroke:var(--ink);stroke-width:2}`;

/** Of a drawing that stands alone. Its rules touch nothing else where someone puts it into a page. */
export const DRAWING_STYLE = `${palette('.drawing')}${SHAPES}`;

const PAGE = `*{box-sizing:border-box}:root{color-scheme:light dark}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.55 ${FONT};font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
main,header,footer{max-width:1240px;margin:0 auto;padding:0 28px}
header{padding-top:44px}h1,h2,h3,h4,p,dl,dd,ul,ol,figure{margin:0}ul,ol{padding:0}
.over{color:var(--soft);font-size:13px;letter-spacing:.02em}.over b{color:var(--ink);font-weight:600}
h1{font-size:clamp(28px,4.4vw,42px);line-height:1.12;letter-spacing:-.022em;font-weight:680;margin:10px 0 12px}
.lead{font-size:17px;max-width:68ch;color:var(--soft);overflow-wrap:anywhere}
.mark{font-size:.72em;vertical-align:.1em;margin-right:.3em}.DRIFT{color:var(--drift)}.NO_DRIFT{color:var(--calm)}.TOO_FEW_ROWS{color:var(--few)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:18px 32px;margin-top:30px;padding:20px 0;border-top:1px solid var(--line);border-bottom:1px solid var(--line)}
dt{font-size:12.5px;color:var(--soft)}.facts dd{font-weight:560;overflow-wrap:anywhere}.facts small,td small{display:block;font-size:12.5px;line-height:1.4;font-weight:400;color:var(--soft)}
nav{margin-top:16px;font-size:14px}nav ul{display:flex;flex-wrap:wrap;gap:6px 22px;list-style:none}a{color:var(--current)}nav a{text-decoration:none}nav a:hover{text-decoration:underline}
a:focus-visible,summary:focus-visible{outline:2px solid var(--current);outline-offset:3px;border-radius:3px}
section{margin-top:48px}h2{font-size:21px;letter-spacing:-.012em;line-height:1.25;font-weight:650;margin-bottom:4px}h2+p{color:var(--soft);max-width:70ch}
.card{background:var(--paper);border:1px solid var(--line);border-radius:14px;padding:24px 28px 26px;margin-top:18px;break-inside:avoid}
h3{font-size:17px;line-height:1.3;font-weight:640;overflow-wrap:anywhere}.title{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 12px}.kind{font-size:12.5px;color:var(--soft)}
.badge{display:inline-block;white-space:nowrap;font-size:12px;line-height:1;font-weight:600;padding:5px 9px 5px 8px;border-radius:99px}.badge.DRIFT{background:var(--drift-wash)}.badge.NO_DRIFT{background:var(--calm-wash)}.badge.TOO_FEW_ROWS{background:var(--few-wash)}
.change{margin-top:6px;color:var(--soft);max-width:80ch;overflow-wrap:anywhere}
.two{display:grid;grid-template-columns:minmax(0,1fr);gap:24px 40px;margin-top:20px}figure{max-width:520px}.two>div{max-width:760px}
table{border-collapse:collapse;width:100%;font-size:14px;line-height:1.4}th,td{text-align:right;vertical-align:top;padding:11px 0 7px 14px;border-top:1px solid var(--line);font-weight:400}
thead th{font-size:12.5px;line-height:1.3;color:var(--soft);border-top:0;padding-top:0;padding-bottom:8px;vertical-align:bottom}th:first-child,td:first-child{text-align:left;padding-left:0}tbody th{width:100%;min-width:132px}tbody th{font-weight:560}td{white-space:nowrap}tr.words td{border-top:0;padding:0 0 12px;text-align:left;white-space:normal;font-size:12.5px;color:var(--soft)}th small{display:block;font-weight:400;color:var(--soft);font-size:12.5px;margin-top:2px}
.gauge{display:block;width:84px;height:8px;margin:5px 0 0 auto}.gauge .rest{fill:var(--line)}.gauge .NO_DRIFT{fill:var(--l3)}.gauge .DRIFT{fill:var(--drift)}.gauge .limit{fill:var(--ink)}
.heat{display:flex;flex-wrap:wrap;gap:3px;list-style:none;margin-top:18px}.heat a{display:block;width:22px;height:22px;border-radius:4px}.heat a:hover{outline:2px solid var(--ink);outline-offset:1px}
.l0{background:var(--l0)}.l1{background:var(--l1)}.l2{background:var(--l2)}.l3{background:var(--l3)}.l4{background:var(--l4)}.l5{background:var(--l5)}.l6{background:var(--l6)}.none{border:1px dashed var(--few)}
.key{display:flex;flex-wrap:wrap;gap:6px 18px;list-style:none;margin-top:14px;font-size:12.5px;color:var(--soft)}.key i{display:inline-block;width:12px;height:12px;border-radius:3px;vertical-align:-1px;margin-right:6px}
details{margin-top:18px;border-top:1px solid var(--line)}summary{cursor:pointer;padding:14px 0 0;font-weight:560;color:var(--current);width:fit-content}
.rows{display:block;width:100%;max-width:420px;height:10px;margin:10px 0 6px}.rows .rest{fill:var(--line)}.rows .done{fill:var(--current)}
.metrics{margin-top:22px}.metrics tbody td,.metrics tbody th{vertical-align:middle;padding-top:6px;padding-bottom:6px}.metrics .drawing{width:280px}.metrics tbody th{min-width:150px}.metrics td.plot{width:300px}
.aside{margin-top:22px;padding:16px 20px;border-radius:10px;background:var(--few-wash);max-width:860px;overflow-wrap:anywhere}.aside h4{font-size:14.5px;font-weight:620}.aside ul{padding-left:18px;margin-top:6px}.aside dl{display:flex;flex-wrap:wrap;gap:8px 32px;margin:8px 0}.aside dd{font-size:19px;font-weight:600}.aside li,.aside p{font-size:14px}
footer{margin:56px auto 0;padding-top:18px;padding-bottom:40px;font-size:12.5px;color:var(--soft);overflow-wrap:anywhere}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}.skip{position:absolute;left:-999px}.skip:focus{left:16px;top:12px;background:var(--paper);padding:8px 12px}
@media(min-width:1220px){.two{grid-template-columns:minmax(330px,400px) minmax(min-content,1fr);column-gap:32px}}
@media(max-width:760px){main,header,footer{padding-left:18px;padding-right:18px}header{padding-top:28px}.card{padding:18px 18px 20px;border-radius:12px}section{margin-top:38px}.facts{grid-template-columns:1fr 1fr;gap:14px 20px}.heat a{width:20px;height:20px}}
@media screen and (max-width:960px){table,tbody,tr,th,td{display:block;text-align:left;padding:0;border:0;max-width:none}thead{display:none}tr{display:grid;grid-template-columns:repeat(3,1fr);gap:8px 14px;border-top:1px solid var(--line);padding:14px 0}tbody tr:last-child{padding-bottom:0}tbody th,td.plot{grid-column:1/-1}td.verdict{align-self:end}tbody th{width:auto}td{white-space:normal}.gauge{margin-left:0}td::before{content:attr(data-label);display:block;font-size:12.5px;color:var(--soft)}td.verdict::before,td.plot::before,.words td::before{content:none}tr.words{display:block;border:0;padding:0 0 14px}tr.words td{padding:0}.card tr:has(+.words){padding-bottom:8px}.metrics td.plot{width:auto;padding:0}.metrics .drawing{width:100%;max-width:340px}}
@media print{body{background:#fff;font-size:11pt}header{padding-top:0}.card{padding:14px 0;border-width:1px 0 0;border-radius:0}nav,.skip,summary{display:none}details::details-content{content-visibility:visible;block-size:auto}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}.two{grid-template-columns:230px minmax(0,1fr);gap:20px}table{font-size:9pt}th,td{padding-left:9px}tbody th{min-width:120px}}`;

/** The only style sheet of a page. */
export const PAGE_STYLE = `${palette(':root')}${SHAPES}${PAGE}`;

/** A style sheet's source in a Content-Security-Policy, with the quotation marks that belong to it. */
export function sourceHash(style: string): string {
  return `'sha256-${createHash('sha256').update(style).digest('base64')}'`;
}

export const PAGE_STYLE_HASH = sourceHash(PAGE_STYLE);
