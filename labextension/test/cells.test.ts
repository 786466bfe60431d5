import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { IContextItem } from '../src/api/context';
import { cellItems, type ICellJson } from '../src/model/cells';
import {
  asCell,
  codeBlocks,
  linesOf,
  shownBlocks,
  titleOf
} from '../src/model/codeBlocks';
import { imageFiles } from '../src/model/cellOutput';
import { sentCell } from '../src/model/notebooks';
import {
  MAX_ALL_CHARS,
  MAX_ITEMS,
  PendingItems
} from '../src/model/pendingItems';
import { cut, wellFormed } from '../src/model/text';
import { trans } from './trans';

const WHERE = { path: 'work/sums.ipynb', notebook: 'sums.ipynb', number: 4 };

function items(cell: ICellJson, where = WHERE): IContextItem[] {
  return cellItems(trans, cell, where);
}

function item(fields: Partial<IContextItem>): IContextItem {
  const kind = 'cell' as const;
  return { name: 'x', kind, detail: '', text: 'x', cell: null, ...fields };
}

void test('a cell is its source, what it printed, and its last error', () => {
  const found = items({
    cell_type: 'code',
    id: 'abc-1',
    execution_count: 3,
    source: ['a = 1\n', 'b'],
    outputs: [
      { output_type: 'stream', text: ['one\n', '\u001b[31mtwo\u001b[0m\n'] },
      { output_type: 'display_data', data: { 'image/png': 'AAAA' } },
      { output_type: 'execute_result', data: { 'text/plain': '3' } },
      {
        output_type: 'error',
        ename: 'NameError',
        evalue: "name 'b'\nis not defined",
        traceback: ['\u001b[0;31mNameError\u001b[0m', 'line 2']
      }
    ]
  });
  assert.deepEqual(
    found.map(({ kind, name, detail, text }) => [kind, name, detail, text]),
    [
      ['cell', 'In [3]', 'sums.ipynb, 2 lines', 'a = 1\nb'],
      ['output', 'Output of In [3]', '4 lines', 'one\ntwo\n\n3'],
      [
        'error',
        'NameError',
        "name 'b' is not defined, 2 lines",
        'NameError\nline 2'
      ]
    ]
  );
  assert.deepEqual(found[0]?.cell, {
    path: 'work/sums.ipynb',
    cell_id: 'abc-1'
  });
});

void test('what a notebook has in the wrong form makes no wrong item', () => {
  const odd = items({ id: '../x', source: 'x', execution_count: '3' });
  assert.deepEqual(
    odd.map(({ name, cell }) => [name, cell]),
    [['Cell 4', null]]
  );
  assert.deepEqual(items({ id: 'a', source: ' \n', outputs: [] }), []);
  assert.deepEqual(items({ source: 5 }), []);
  const elsewhere = { ...WHERE, path: null as unknown as string };
  assert.equal(items({ id: 'a', source: 'x' }, elsewhere)[0]?.cell, null);
  const [error] = items({
    outputs: [{ output_type: 'error', ename: '', evalue: '\ud800' }]
  });
  assert.deepEqual([error?.name, error?.text], ['Error', '\ufffd']);
});

void test('every item is within what the gateway takes', () => {
  const long = 'x'.repeat(3_000_000);
  const error = { output_type: 'error', ename: long, evalue: long };
  const found = items({
    source: '😀'.repeat(90_000),
    outputs: [
      ...Array.from({ length: 5000 }, () => ({
        output_type: 'stream',
        text: long.slice(0, 1000)
      })),
      { ...error, traceback: [long] }
    ].slice(-3)
  });
  assert.equal(found.length, 3);
  for (const { name, detail, text } of found) {
    assert.ok(name.length <= 200 && detail.length <= 200, detail);
    assert.ok(text.length <= 16_000, String(text.length));
    assert.equal(wellFormed(text), text);
  }
  assert.match(found[0]?.text ?? '', /characters are left out/);
  assert.match(found[0]?.detail ?? '', /16,000 of 180,000 characters/);
});

void test('a text is cut in its middle, and never within a pair', () => {
  assert.equal(cut('short', 100), 'short');
  const found = cut(`begin${'😀'.repeat(500)}end`, 201);
  assert.match(found, /^begin.*\n… [\d,]+ characters are left out …\n.*end$/u);
  assert.ok(found.length <= 201 && wellFormed(found) === found);
});

void test('a cell that is added again takes the place of what it was', () => {
  const pending = new PendingItems(trans);
  const cell = { path: 'a.ipynb', cell_id: 'one' };
  const variable = item({ kind: 'variable', name: 'df' });
  pending.add([variable]);
  pending.add([item({ cell }), item({ cell, kind: 'error', name: 'E' })]);
  pending.add([item({ cell, text: 'newer' })]);
  assert.deepEqual(
    pending.value.map(({ name, text }) => [name, text]),
    [
      ['df', 'x'],
      ['x', 'newer']
    ]
  );
  pending.remove([variable]);
  assert.equal(pending.value.length, 1);
});

void test('what is too much for one message is refused as a whole', () => {
  const pending = new PendingItems(trans);
  const many = Array.from({ length: MAX_ITEMS }, (_, at) =>
    item({ name: String(at) })
  );
  pending.add(many);
  assert.throws(() => pending.add([item({ name: 'more' })]), /Remove/);
  assert.deepEqual(pending.value, many);
  pending.remove(many);
  const text = 'x'.repeat(MAX_ALL_CHARS / 4);
  pending.add(many.slice(0, 4).map(one => ({ ...one, text })));
  assert.throws(() => pending.add([item({ name: 'more' })]), /Remove/);
  assert.equal(pending.value.length, 4);
});

void test('a message is about the cell whose source went with it', () => {
  const place = (cell_id: string) => ({ path: 'a.ipynb', cell_id });
  const error = item({ kind: 'error', cell: place('one'), text: 'E' });
  assert.deepEqual(sentCell([item({ kind: 'variable' }), error]), {
    place: place('one'),
    source: null
  });
  assert.deepEqual(sentCell([error, item({ cell: place('two') })]), {
    place: place('two'),
    source: 'x'
  });
  assert.equal(sentCell([item({})]), null);
});

const FENCES: [string, string, [string, string][]][] = [
  ['a block', '```python\nx = 1\n```', [['python', 'x = 1']]],
  ['tildes, and more of them', '~~~~\na\n~~~\nb\n~~~~', [['', 'a\n~~~\nb']]],
  ['attributes', '```{.Python title=x}\nx\n```', [['python', 'x']]],
  ['blank lines around', '```\n\n  \n  x\n\n```', [['', '  x']]],
  ['in a list', '- ```r\n  x\n    y\n  ```', [['r', 'x\n  y']]],
  ['in a quotation', '> ```py\n> >>> x\n> ```', [['py', '>>> x']]],
  ['CRLF', '```py\r\nx\r\n```\r\n', [['py', 'x']]],
  ['never closed', 'text\n```py\nx = 1', []],
  ['within a line', 'use ```x``` and ```y```', []],
  ['a closing one with words', '```py\na\n``` no\n```', [['py', 'a\n``` no']]],
  ['no code', '```text\nx\n```\n```diff\n+x\n```\n```console\n$ x\n```', []],
  ['empty', '```py\n\n```', []]
];

for (const [what, text, blocks] of FENCES) {
  void test(`code of an answer: ${what}`, () => {
    assert.deepEqual(
      codeBlocks(text),
      blocks.map(([language, code]) => ({ language, code }))
    );
  });
}

void test('an answer of any size is looked through at once', () => {
  const hostile = [
    ' '.repeat(1_000_000),
    '>'.repeat(1_000_000),
    '```\n'.repeat(200_000),
    `\`\`\`${'`a'.repeat(400_000)}`,
    '1. '.repeat(300_000)
  ];
  assert.deepEqual(
    hostile.map(text => codeBlocks(text).length),
    [0, 0, 0, 0, 0]
  );
  assert.equal(codeBlocks('```\nx\n```\n'.repeat(5000)).length, 30);
});

void test('a block becomes the cell that runs it', () => {
  const cell = (language: string, spoken: string) =>
    asCell({ language, code: 'x' }, spoken);
  assert.deepEqual(cell('python', 'python'), {
    cell_type: 'code',
    source: 'x'
  });
  assert.equal(cell('sh', 'python').source, '%%bash\nx');
  assert.equal(cell('sh', 'bash').source, 'x');
  assert.equal(cell('md', 'python').cell_type, 'markdown');
});

void test('code that is not shown as code is not offered', () => {
  const blocks = codeBlocks(
    '```py\nseen\n```\n<!--\n```py\nevil\n```\n-->\n- ```py\n  if x:\n      y\n  ```'
  );
  assert.equal(blocks.length, 3);
  assert.deepEqual(
    shownBlocks(blocks, ['seen\n', 'if x:\n    y\n', 'other']).map(
      one => one.code
    ),
    ['seen', 'if x:\n    y']
  );
  assert.deepEqual(shownBlocks(blocks, []), []);
});

void test('a block is known by its first line and how many there are', () => {
  const block = { language: '', code: `y = 2${' '.repeat(300)}; evil()\n\nz` };
  assert.equal(titleOf(block), 'y = 2 ; evil()');
  assert.equal(linesOf(block), 3);
  const long = titleOf({ language: '', code: 'x'.repeat(500) });
  assert.equal(long, `${'x'.repeat(80)}…`);
});

void test('an image that is none is left out, and the others are not', () => {
  const image = (data: unknown) => ({
    output_type: 'display_data',
    data: { 'image/png': data }
  });
  const outputs = ['not base64 !!é', 'AAAA', '', 7].map(image);
  assert.deepEqual(
    imageFiles(outputs, 'plot').map(({ name }) => name),
    ['plot.png']
  );
});
