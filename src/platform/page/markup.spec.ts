import fc from 'fast-check';
import { unescaped, xmlProblem } from '../../../test/support/well-formed.js';
import { escapeText, markup } from './markup.js';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", ';', '#', 'lt', '\u202e', '\ud800', '\u0000', ' ') }),
);

describe('markup', () => {
  it('lets no text be more than text, in content and in attributes', () => {
    fc.assert(
      fc.property(anyText, anyText, (content, attribute) => {
        expect(xmlProblem(markup`<a title="${attribute}">${content}<b/></a>`.source)).toBeUndefined();
      }),
    );
  });

  it('keeps what can be shown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(unescaped(escapeText(text))).toBe(text);
      }),
    );
    expect(escapeText('שלום <b> & "c"')).toBe('שלום &lt;b&gt; &amp; &quot;c&quot;');
  });

  it('replaces what XML forbids and what turns the direction of other text', () => {
    expect(escapeText('a\u0000b\u202ec\ud800d\u2066')).toBe('a\ufffdb\ufffdc\ufffdd\ufffd');
  });

  it('nests, joins lists and rounds coordinates', () => {
    expect(markup`<g>${[1.23456, 2].map((x) => markup`<i x="${x}"/>`)}</g>`.source).toBe(
      '<g><i x="1.2"/><i x="2"/></g>',
    );
  });
});
