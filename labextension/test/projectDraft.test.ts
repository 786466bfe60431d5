import assert from 'node:assert/strict';
import { test } from 'node:test';

import type {
  ICreateProject,
  IProject,
  IUpdateProject,
  IWorktreeReport
} from '../src/api/projects';
import {
  canHost,
  changesOf,
  cloneInto,
  draftOf,
  isComplete,
  moved,
  newDraft,
  requestOf,
  shownName,
  willLie,
  type IProjectDraft
} from '../src/model/projectDraft';
import { ProjectEditor } from '../src/model/projectEditor';
import {
  movingWord,
  outlook,
  removalWord,
  reportParts,
  worktreeAdvice
} from '../src/model/projectWords';
import { WorktreeRemoval } from '../src/model/worktreeRemoval';
import { device, project } from './made';
import { trans } from './trans';

function draft(fields: Partial<IProjectDraft> = {}): IProjectDraft {
  return { ...newDraft([device('d')], null), ...fields };
}

function cloned(fields: Partial<IProject> = {}): IProject {
  return project(1, {
    name: 'churn',
    config: {
      execution: { deviceId: 'd', targetType: 'local' },
      workspace: { source: 'git', localPath: null, checkoutPath: null },
      git: { url: 'https://host/churn.git', branch: 'dev' }
    },
    ...fields
  });
}

void test('a project can be on an online or busy device that runs coding agents, and nowhere else', () => {
  assert.ok(canHost(device('a')));
  assert.ok(canHost(device('a', { status: 'busy' })));
  assert.ok(!canHost(device('a', { status: 'offline' })));
  assert.ok(!canHost(device('a', { status: 'reconnecting' })));
  assert.ok(!canHost(device('a', { bind_shell: 'openclaw' })));
});

void test('a new project starts on the device that is meant, if that can have it', () => {
  const devices = [
    device('here', { embedded: true }),
    device('away', { status: 'offline' }),
    device('box')
  ];
  assert.equal(newDraft(devices, 'box').device, 'box');
  assert.equal(newDraft(devices, 'away').device, 'here');
  assert.equal(newDraft([], null).device, null);
});

void test('a project is called as its folder or repository until somebody types a name', () => {
  assert.equal(shownName(draft({ folder: '~/code/churn/' })), 'churn');
  const git = draft({ source: 'git', url: 'git@host:me/churn.git' });
  assert.equal(shownName(git), 'churn');
  assert.equal(shownName({ ...git, name: 'Customers' }), 'Customers');
  assert.equal(shownName({ ...git, name: '' }), '');
  assert.equal(requestOf({ ...git, name: ' ' }).name, 'churn');
});

void test('a draft is complete with a device, a name and a place', () => {
  assert.ok(!isComplete(draft()));
  assert.ok(isComplete(draft({ folder: '~/churn' })));
  assert.ok(!isComplete(draft({ folder: '/' })));
  assert.ok(isComplete(draft({ folder: '/', name: 'all' })));
  assert.ok(!isComplete(draft({ folder: '~/churn', device: null })));
  assert.ok(!isComplete(draft({ folder: '~/churn', source: 'git' })));
  assert.ok(isComplete(draft({ source: 'git', url: 'https://host/a.git' })));
});

void test('what was typed for one source is there again after a look at the other', () => {
  const both = draft({ folder: '~/a', url: 'https://host/b.git' });
  assert.deepEqual(
    requestOf({ ...both, source: 'local_path' }).config.workspace,
    { source: 'local_path', localPath: '~/a' }
  );
  const git = requestOf({ ...both, source: 'git' });
  assert.deepEqual(git.config.workspace, { source: 'git' });
  assert.deepEqual(git.config.git, { url: 'https://host/b.git' });
});

void test('a path that says where it is stays what it is, others are below the device’s own folder', () => {
  const workspace = (folder: string) =>
    requestOf(draft({ folder })).config.workspace;
  assert.equal(workspace('~/churn').localPath, '~/churn');
  assert.equal(workspace('C:\\churn').localPath, 'C:\\churn');
  assert.equal(workspace('churn').checkoutPath, 'churn');
  const git = requestOf(
    draft({
      source: 'git',
      url: '/srv/a.git',
      target: 'sub/a',
      branch: ' dev '
    })
  ).config;
  assert.equal(git.workspace.checkoutPath, 'sub/a');
  assert.equal(git.git?.branch, 'dev');
});

void test('where a project will lie is said before it is made', () => {
  const root = '/home/me/w';
  assert.equal(willLie(draft({ folder: 'churn' }), root), '/home/me/w/churn');
  assert.equal(willLie(draft({ folder: '~/churn' }), root), '~/churn');
  const git = draft({ source: 'git', url: 'https://host/churn.git' });
  assert.equal(willLie(git, root), '/home/me/w/projects/churn');
  assert.equal(willLie({ ...git, target: 'x' }, root), '/home/me/w/projects/x');
  assert.equal(willLie({ ...git, target: '/opt/x' }, root), '/opt/x');
  assert.equal(willLie(draft(), root), '');
});

void test('what becomes of a draft is said, unless it is as it was', () => {
  const said = (fields: Partial<IProjectDraft>) =>
    outlook(trans, draft(fields), null, '/w');
  const git = { source: 'git' as const, url: 'https://host/churn.git' };
  assert.equal(said(git), 'It is cloned to /w/projects/churn.');
  assert.match(said({ folder: '~/a' }), /^The folder is made if/);
  assert.match(said({ folder: 'a' }), /^\/w\/a is made if/);
  assert.equal(said({}), '');
  const mine = cloned();
  const kept = draftOf(mine);
  assert.equal(outlook(trans, { ...kept, name: 'x' }, mine, '/w'), '');
  assert.match(
    outlook(trans, { ...kept, target: '/opt' }, mine, '/w'),
    /cloned to \/opt/
  );
});

void test('a clone goes below the folder that was pointed at, or into one that is called like it', () => {
  const url = 'https://host/churn.git';
  assert.equal(cloneInto('/srv', url), '/srv/churn');
  assert.equal(cloneInto('/', url), '/churn');
  assert.equal(cloneInto('/srv/churn', url), '/srv/churn');
  assert.equal(cloneInto('/srv', ''), '/srv');
});

void test('another device asks for a new path, and the old one is there again on the way back', () => {
  const mine = project(1);
  const there = moved(draftOf(mine), 'other', mine);
  assert.equal(there.folder, '');
  assert.ok(!isComplete(there));
  assert.equal(moved(there, 'd', mine).folder, '/srv/p1');
  const typed = { ...there, folder: '~/p1' };
  assert.equal(moved(typed, 'third', mine).folder, '~/p1');
  const other = device('other', { name: 'box' });
  assert.match(movingWord(trans, there, mine, other), /Say where .* box/);
  assert.equal(movingWord(trans, there, mine, device('d')), '');
  assert.equal(movingWord(trans, there, null, other), '');
});

void test('a new project keeps what was typed when its device changes', () => {
  const typed = draft({ folder: '~/churn' });
  assert.equal(moved(typed, 'other', null).folder, '~/churn');
});

void test('a clone that moves is cloned anew, below the projects of the other device', () => {
  const mine = cloned();
  const there = moved(draftOf(mine), 'other', mine);
  assert.ok(isComplete(there));
  assert.deepEqual(changesOf(there, mine)?.config?.execution, {
    deviceId: 'other'
  });
  const other = device('other', { name: 'box' });
  assert.match(movingWord(trans, there, mine, other), /cloned anew on box/);
});

void test('only what changed is sent', () => {
  const mine = cloned();
  assert.equal(changesOf(draftOf(mine), mine), null);
  assert.deepEqual(changesOf({ ...draftOf(mine), name: 'x' }, mine), {
    name: 'x'
  });
  const branch = changesOf({ ...draftOf(mine), branch: '' }, mine);
  assert.equal(branch?.name, undefined);
  assert.deepEqual(branch?.config?.git, { url: 'https://host/churn.git' });
});

void test('a refusal stays with the draft until it is asked again, and nothing that was typed is lost', async () => {
  const asked: ICreateProject[] = [];
  let refuse = true;
  const editor = new ProjectEditor(draft(), null, {
    create: request => {
      asked.push(request);
      return refuse
        ? Promise.reject(new Error('a file is in the way'))
        : Promise.resolve(project(1));
    },
    update: () => Promise.reject(new Error('not asked for'))
  });
  assert.equal(await editor.submit(), false);
  assert.equal(asked.length, 0);
  editor.change({ folder: '~/churn' });
  assert.equal(await editor.submit(), false);
  assert.equal(editor.value.problem?.message, 'a file is in the way');
  assert.equal(editor.value.draft.folder, '~/churn');
  refuse = false;
  const [first, second] = [editor.submit(), editor.submit()];
  assert.deepEqual(await Promise.all([first, second]), [true, false]);
  assert.equal(editor.value.problem, null);
  assert.equal(asked.length, 2);
});

void test('nothing is asked where nothing was changed', async () => {
  const sent: IUpdateProject[] = [];
  const mine = cloned();
  const editor = new ProjectEditor(draftOf(mine), mine, {
    create: () => Promise.reject(new Error('not asked for')),
    update: (_id, changes) => {
      sent.push(changes);
      return Promise.resolve(mine);
    }
  });
  assert.equal(await editor.submit(), true);
  assert.deepEqual(sent, []);
  editor.change({ name: 'x' });
  assert.equal(await editor.submit(), true);
  assert.deepEqual(sent, [{ name: 'x' }]);
});

function report(fields: Partial<IWorktreeReport> = {}): IWorktreeReport {
  return {
    task_id: 1,
    device_id: 'd',
    path: '/w/1/churn',
    exists: true,
    source: '/srv/churn',
    uncommitted: [],
    uncommitted_total: 0,
    unpushed: [],
    unpushed_total: 0,
    ignored: [],
    ignored_total: 0,
    reason: null,
    removable: false,
    ...fields
  };
}

void test('a report says what would be lost, what goes, and how much more there is', () => {
  const parts = reportParts(
    trans,
    report({
      uncommitted: ['?? a\u202e'],
      uncommitted_total: 1,
      ignored: ['build/'],
      ignored_total: 3
    })
  );
  assert.deepEqual(parts, [
    {
      title: 'Uncommitted changes (1)',
      items: ['?? a⟨U+202E⟩'],
      more: 0,
      lost: true
    },
    {
      title: 'Ignored by Git, deleted with it (3)',
      items: ['build/'],
      more: 2,
      lost: false
    }
  ]);
  assert.deepEqual(reportParts(trans, report()), []);
});

void test('what becomes of a worktree is said before it does', () => {
  const word = (fields: Partial<IWorktreeReport>) =>
    removalWord(trans, report(fields));
  assert.equal(
    word({ reason: 'A turn runs in it\u202e.' }),
    'It stays. A turn runs in it⟨U+202E⟩.'
  );
  assert.equal(word({}), 'It stays.');
  const removable = { removable: true };
  assert.match(word(removable), /kept elsewhere. The folder is deleted; /);
  assert.match(
    word({ ...removable, ignored_total: 2 }),
    /with what Git ignores in it/
  );
  assert.match(word({ ...removable, exists: false }), /not there any more/);
});

void test('a worktree that stays comes with what helps', () => {
  const advice = (fields: Partial<IWorktreeReport>) =>
    worktreeAdvice(trans, report(fields));
  assert.match(advice({ uncommitted_total: 1 }), /git commit/);
  assert.match(advice({ unpushed_total: 1 }), /git branch NAME/);
  assert.equal(advice({ reason: 'a turn runs in it' }), '');
  assert.equal(advice({ uncommitted_total: 1, removable: true }), '');
  assert.equal(advice({ unpushed_total: 1, exists: false }), '');
});

void test('a worktree is removed only after it was seen that nothing is lost', async () => {
  let state = report({ uncommitted_total: 1 });
  let removals = 0;
  const removal = new WorktreeRemoval(1, {
    worktree: () => Promise.resolve(state),
    removeWorktree: () => {
      removals++;
      return Promise.resolve(report({ exists: false }));
    }
  });
  assert.equal(await removal.remove(), false);
  await removal.look();
  assert.equal(removal.possible, false);
  assert.equal(await removal.remove(), false);
  assert.equal(removals, 0);
  state = report({ removable: true });
  await removal.look();
  assert.equal(await removal.remove(), true);
  assert.equal(removals, 1);
});

void test('what came into a worktree meanwhile keeps it, and is shown with the refusal', async () => {
  const states = [
    report({ removable: true }),
    report({ uncommitted: ['?? new'], uncommitted_total: 1 })
  ];
  const removal = new WorktreeRemoval(1, {
    worktree: () => Promise.resolve(states.shift() ?? report()),
    removeWorktree: () => Promise.reject(new Error('not clean'))
  });
  await removal.look();
  assert.equal(await removal.remove(), false);
  assert.equal(removal.value.problem?.message, 'not clean');
  assert.equal(removal.value.report?.uncommitted_total, 1);
  assert.equal(removal.possible, false);
});
