import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { IFileState, INotebookCell } from '../src/api/changes';
import {
  cellGroups,
  cellWords,
  changesTitle,
  contentsPath,
  fileLines,
  filesNow,
  isReverted,
  linesWord,
  nowWord,
  revertText
} from '../src/model/changes';
import { withContext } from '../src/model/diff';
import { trans } from './trans';

function file(path: string, fields: Partial<IFileState> = {}): IFileState {
  return {
    path,
    status: 'modified',
    added: 1,
    removed: 1,
    now: 'as_left',
    ...fields
  };
}

function changes(items: IFileState[], total = items.length) {
  return { turn_id: 1, attempt_id: 2, workspace: '/srv', items, total };
}

function cell(
  status: INotebookCell['status'],
  fields: Partial<INotebookCell> = {}
): INotebookCell {
  return {
    status,
    cell_type: 'code',
    before: status === 'added' ? null : 'a',
    after: status === 'deleted' ? null : 'a',
    outputs_changed: false,
    ...fields
  };
}

void test('a card says how many files and lines changed', () => {
  assert.equal(changesTitle(trans, 1), '1 file changed');
  assert.equal(changesTitle(trans, 3), '3 files changed');
  const binary = file('a.png', { added: null, removed: null });
  const text = file('a.py', { added: 12, removed: 3 });
  const notebook = file('eda.ipynb', { added: 999, removed: 999 });
  assert.equal(linesWord([text, file('b.py'), binary, notebook]), '+13 −4');
  assert.equal(linesWord([file('a.py', { removed: 0 })]), '+1');
  assert.equal(linesWord([binary]), '');
});

void test('files are listed as they look now where that is known', () => {
  const listed = [file('a'), file('b')];
  const now = changes([file('b', { now: 'changed_since' })]);
  const seen = filesNow(listed, now);
  assert.deepEqual(
    seen.map(one => nowWord(trans, one.now)),
    ['', 'changed since']
  );
  assert.deepEqual(filesNow(listed, null), listed);
});

void test('all is reverted only when every file is, the unlisted ones too', () => {
  const back = file('a', { now: 'reverted' });
  assert.equal(isReverted(changes([back])), true);
  assert.equal(isReverted(changes([back, file('b')])), false);
  assert.equal(isReverted(changes([back], 2)), false);
  assert.equal(isReverted(null), false);
});

void test('before it reverts, it says what becomes of each file', () => {
  const files = [
    file('a'),
    file('b', { status: 'added' }),
    file('c', { status: 'deleted' }),
    file('d', { now: 'reverted' })
  ];
  assert.equal(
    revertText(trans, files, 6),
    '1 file gets its content from before this message back. 1 deleted file comes back. 1 new file is deleted. ' +
      'The same for 2 more that are not listed. If one of them was changed since, nothing is reverted.'
  );
});

void test("a file is opened by its path below the server's root, and only there", () => {
  assert.equal(
    contentsPath('/home/me', '/home/me/churn', 'src/a.py'),
    'churn/src/a.py'
  );
  assert.equal(contentsPath('/home/me/', '/home/me', 'a.py'), 'a.py');
  assert.equal(contentsPath('/', '/srv/churn', 'a.py'), 'srv/churn/a.py');
  assert.equal(contentsPath('/home/me', '/home/mean', 'a.py'), null);
  assert.equal(contentsPath('/home/me', null, 'a.py'), null);
  assert.equal(contentsPath(null, '/home/me', 'a.py'), null);
  assert.equal(contentsPath('C:\\me', 'C:\\me\\churn', 'a.py'), 'churn/a.py');
});

void test('lines have the numbers of before and after', () => {
  const lines = fileLines({ before: 'a\nb\nc\n', after: 'a\nx\ny\nc\n' });
  assert.deepEqual(
    lines.map(({ sign, before, after }) => [sign, before, after]),
    [
      [' ', 1, 1],
      ['-', 2, null],
      ['+', null, 2],
      ['+', null, 3],
      [' ', 3, 4]
    ]
  );
});

/** What the lines of one side come to: the text that they are from. */
function side(lines: ReturnType<typeof fileLines>, sign: string): string {
  return lines
    .filter(line => line.sign === ' ' || line.sign === sign)
    .map(line => line.text)
    .join('\n');
}

void test('changes that are far apart in a long file are told apart', () => {
  const before = Array.from({ length: 20_000 }, (_, at) => `line ${at}`);
  const after = [...before];
  after[15_000] = 'changed';
  after.splice(9_000, 1_200);
  after.splice(500, 0, 'inserted');
  const texts = { before: before.join('\n'), after: after.join('\n') };
  const lines = fileLines(texts);
  assert.equal(lines.filter(line => line.sign === '+').length, 2);
  assert.equal(lines.filter(line => line.sign === '-').length, 1_201);
  assert.equal(side(lines, '-'), texts.before);
  assert.equal(side(lines, '+'), texts.after);
});

void test('long files without a line in common, or with the same line again and again, end', () => {
  const numbers = Array.from({ length: 5_000 }, (_, at) => at);
  for (const [before, after] of [
    [numbers.map(at => `a${at}`), numbers.map(at => `b${at}`)],
    [numbers.map(() => 'x'), numbers.map(at => (at % 2 ? 'x' : 'y'))],
    [numbers.map(String), [...numbers].reverse().map(String)]
  ] as const) {
    const texts = { before: before.join('\n'), after: after.join('\n') };
    const lines = fileLines(texts);
    assert.equal(side(lines, '-'), texts.before);
    assert.equal(side(lines, '+'), texts.after);
  }
});

void test('what ends all lines of a file is not shown, what ends some is', () => {
  const texts = (before: string, after: string): string[] =>
    fileLines({ before, after }).map(line => line.text);
  assert.deepEqual(texts('a\r\n', 'a\r\nb\r\n'), ['a', 'b']);
  assert.deepEqual(texts('a\r\n', 'a\n'), ['a\r', 'a']);
});

void test('unchanged lines that are left out can be had, one is not left out', () => {
  const before = Array.from({ length: 30 }, (_, at) => `${at}`);
  const after = before.map((line, at) => (at === 4 ? 'changed' : line));
  const rows = withContext(
    fileLines({ before: before.join('\n'), after: after.join('\n') })
  );
  assert.equal(rows[0]?.text, '0'); // the only one above the context
  const gap = rows.at(-1);
  assert.equal(gap?.sign, '…');
  assert.equal(gap.hidden?.length, 22);
  assert.deepEqual(gap.hidden.at(-1), {
    sign: ' ',
    text: '29',
    before: 30,
    after: 30
  });
});

void test('unchanged cells stand together, others one by one', () => {
  const cells = [
    cell('same'),
    cell('same'),
    cell('modified', { after: 'b' }),
    cell('same', { outputs_changed: true }),
    cell('same')
  ];
  assert.deepEqual(
    cellGroups(cells).map(group => (group.same ? group.cells.length : 'one')),
    [2, 'one', 'one', 1]
  );
});

void test('a cell says what it is and what became of it', () => {
  assert.deepEqual(cellWords(trans, cell('added')), ['Code cell', 'new']);
  assert.deepEqual(
    cellWords(trans, cell('modified', { outputs_changed: true })),
    ['Code cell', 'outputs changed']
  );
  assert.deepEqual(
    cellWords(
      trans,
      cell('modified', {
        cell_type: 'markdown',
        after: 'b',
        outputs_changed: true
      })
    ),
    ['Markdown cell', 'changed', 'outputs changed']
  );
  assert.deepEqual(cellWords(trans, cell('same', { cell_type: 'odd' })), [
    'Cell'
  ]);
});
