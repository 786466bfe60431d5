import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { IFolder, IFolderList } from '../src/api/projects';
import { Aim, effective } from '../src/model/aim';
import { Devices } from '../src/model/devices';
import {
  crumbs,
  expanded,
  FolderWalk,
  fromHome,
  isHidden,
  lastName,
  matching
} from '../src/model/folders';
import { boundTo, companion, onDevice, Projects } from '../src/model/projects';
import {
  capabilityNotice,
  noWorktree,
  placeTitle,
  placeWord,
  progressWord,
  projectOption
} from '../src/model/projectWords';
import { device, project, task } from './made';
import { trans } from './trans';

function folder(path: string, repository = false): IFolder {
  return { name: lastName(path), path, repository };
}

function listing(path: string, names: string[] = []): IFolderList {
  return {
    path,
    parent: '/',
    home: '/home/me',
    items: names.map(name => folder(`${path}/${name}`)),
    truncated: false
  };
}

void test('projects stand by their names, and one that changes stays one', () => {
  const projects = new Projects();
  projects.reset([
    project(1, { name: 'zoo' }),
    project(2, { name: 'Ant' }),
    project(3, { name: 'mole' })
  ]);
  projects.put(project(3, { name: 'aardvark' }));
  assert.deepEqual(
    projects.value.map(one => one.name),
    ['aardvark', 'Ant', 'zoo']
  );
  projects.drop(2);
  assert.equal(projects.get(2), undefined);
  assert.equal(projects.get(null), undefined);
});

void test('an answer to a request never covers what was told of the project since', () => {
  const projects = new Projects();
  projects.put(project(1, { state: 'ready' }));
  projects.offer(project(1, { state: 'preparing' }));
  assert.equal(projects.get(1)?.state, 'ready');
  projects.offer(project(2));
  assert.equal(projects.get(2)?.state, 'ready');
});

void test('what a device says of a project hides nothing, and its path is kept as it is', () => {
  const projects = new Projects();
  projects.put(
    project(1, {
      name: 'a\u202eb',
      path: '/srv/a\u202eb',
      progress: { phase: 'x\u0007', percent: 4 },
      warnings: ['y\u200b']
    })
  );
  const shown = projects.get(1);
  assert.equal(shown?.name, 'a⟨U+202E⟩b');
  assert.equal(shown.progress?.phase, 'x⟨U+0007⟩');
  assert.deepEqual(shown.warnings, ['y⟨U+200B⟩']);
  assert.equal(shown.path, '/srv/a\u202eb');
});

void test('a project says how far it is, and why nothing can start in it', () => {
  assert.equal(
    progressWord(trans, { phase: 'Receiving objects', percent: 43 }),
    'Receiving objects, 43 %'
  );
  assert.equal(
    progressWord(trans, { phase: 'Counting', percent: null }),
    'Counting'
  );
  assert.equal(progressWord(trans, null), 'Preparing…');
  const named = (state: 'preparing' | 'ready' | 'failed') =>
    projectOption(trans, project(1, { name: 'churn', state }));
  assert.equal(named('ready'), 'in churn');
  assert.equal(named('preparing'), 'in churn (it is being prepared)');
  assert.equal(named('failed'), 'in churn (its folder could not be made)');
});

void test('a local device says that IDE and Desktop are elsewhere, a cloud device does not', () => {
  const notice = (type: 'local' | 'app' | 'remote' | 'cloud') =>
    capabilityNotice(trans, device('d', { device_type: type }));
  assert.match(notice('local'), /need a cloud device; terminals work here/);
  assert.equal(notice('app'), notice('local'));
  assert.equal(notice('cloud'), '');
  assert.equal(notice('remote'), '');
});

void test('a choice that the device has not got gives way to what is there', () => {
  const ready = project(1);
  const there = { browsed: '/srv', projects: [ready] };
  assert.equal(effective(null, there), 'browsed');
  assert.equal(effective(null, { ...there, browsed: null }), 'device');
  assert.equal(effective('typed', there), 'typed');
  assert.equal(effective('project:1', there), 'project:1');
  assert.equal(effective('project:2', there), 'browsed');
  const failed = project(1, { state: 'failed' });
  assert.equal(
    effective('project:1', { browsed: null, projects: [failed] }),
    'device'
  );
});

void test('the composer goes to a project with its device, and to the star when that moves', () => {
  const devices = new Devices();
  devices.reset([device('a', { is_default: true }), device('b')]);
  const aim = new Aim(devices);
  aim.at(project(7, { device_id: 'b' }));
  assert.equal(aim.device.value, 'b');
  assert.equal(aim.place.value, 'project:7');
  devices.put(device('b', { status: 'busy' }));
  assert.equal(aim.device.value, 'b');
  devices.put(device('a'));
  assert.equal(aim.device.value, null);
});

void test('only projects of the device are offered on it', () => {
  const all = [project(1), project(2, { device_id: 'other' })];
  assert.deepEqual(
    onDevice(all, 'other').map(one => one.id),
    [2]
  );
  assert.deepEqual(onDevice(all, undefined), []);
});

void test('a task is bound to the device of its project, while the project is there', () => {
  const mine = task(1, { project_id: 5, device_id: 'd' });
  assert.equal(boundTo(mine, [project(5)])?.id, 5);
  assert.equal(boundTo(mine, []), undefined);
  assert.equal(boundTo(mine, [project(5, { device_id: 'x' })]), undefined);
  assert.equal(boundTo(task(2), [project(5)]), undefined);
  assert.equal(boundTo(undefined, [project(5)]), undefined);
});

void test('a task in the very same directory of the device is found, and no other', () => {
  const here = task(1, { device_id: 'd', workspace: '/srv/churn' });
  const all = [
    task(2, { device_id: 'x', workspace: '/srv/churn' }),
    task(3, { device_id: 'd', workspace: '/srv/churn/sub' }),
    task(4, { device_id: 'd', workspace: null }),
    here
  ];
  assert.equal(companion(all, 'd', '/srv/churn'), here);
  assert.equal(companion(all, 'd', '/srv/churn/'), here);
  assert.equal(companion(all, 'd', '/srv'), undefined);
  assert.equal(companion(all, 'd', null), undefined);
  assert.equal(expanded('~/churn', '/home/me'), '/home/me/churn');
  assert.equal(expanded('~', '/home/me'), '/home/me');
  assert.equal(expanded('~other/churn', '/home/me'), '~other/churn');
  assert.equal(expanded('~/churn', null), '~/churn');
});

void test('a worktree needs a repository, and where only the device knows it is offered', () => {
  const none = { project: undefined, directory: null };
  assert.notEqual(noWorktree(trans, none), '');
  assert.equal(noWorktree(trans, { ...none, directory: '~/x' }), '');
  const plain = project(1, { repository: false });
  const inPlain = { project: plain, directory: plain.path };
  assert.match(noWorktree(trans, inPlain), /no Git repository/);
  assert.equal(
    noWorktree(trans, { project: project(1), directory: '/srv/p1' }),
    ''
  );
});

void test('a task says where it works: the folder, or whose worktree', () => {
  const word = (
    fields: Parameters<typeof task>[1],
    of = undefined as ReturnType<typeof project> | undefined
  ) => placeWord(trans, task(41, fields), of);
  assert.equal(word({ workspace: '/srv/a\u202e' }), '/srv/a⟨U+202E⟩');
  assert.equal(
    word({ workspace_source: 'chat', workspace: null }),
    'a new chat folder'
  );
  const tree = { workspace_source: 'git_worktree' as const };
  assert.equal(
    word({ ...tree, workspace: '/w/worktrees/41/churn/sub' }),
    'worktree of churn'
  );
  assert.equal(
    word(tree, project(1, { name: 'Customers' })),
    'worktree of Customers'
  );
  assert.equal(word(tree), 'a worktree of its own');
  assert.match(placeTitle(trans, task(41, tree)), /made when the task starts/);
  assert.equal(placeTitle(trans, task(41, { workspace: '/x' })), '/x');
});

void test('the way to a folder starts at home where that is on it', () => {
  const way = (path: string, home: string) =>
    crumbs(path, home).map(({ name, path: to }) => `${name} ${to}`);
  assert.deepEqual(way('/home/me/a/b', '/home/me'), [
    '~ /home/me',
    'a /home/me/a',
    'b /home/me/a/b'
  ]);
  assert.deepEqual(way('/home/me', '/home/me'), ['~ /home/me']);
  assert.deepEqual(way('/home/mean', '/home/me'), [
    '/ /',
    'home /home',
    'mean /home/mean'
  ]);
  assert.deepEqual(way('/', '/home/me'), ['/ /']);
  assert.deepEqual(way('C:\\Users\\me', ''), [
    'C:\\ C:\\',
    'Users C:\\Users',
    'me C:\\Users\\me'
  ]);
});

void test('a path is written from home where that is on its way', () => {
  assert.equal(fromHome('/home/me/a/b', '/home/me'), '~/a/b');
  assert.equal(fromHome('/home/me', '/home/me'), '~');
  assert.equal(fromHome('/srv/a', '/home/me'), '/srv/a');
});

void test('a text narrows folders down, those that begin with it first', () => {
  const items = ['/x/alpha', '/x/beta', '/x/.alpine', '/x/tal'].map(path =>
    folder(path)
  );
  const names = (text: string) => matching(items, text).map(one => one.name);
  assert.deepEqual(names(''), ['alpha', 'beta', '.alpine', 'tal']);
  assert.deepEqual(names('AL'), ['alpha', '.alpine', 'tal']);
  assert.deepEqual(names('zzz'), []);
  assert.deepEqual(items.filter(isHidden), [folder('/x/.alpine')]);
});

void test('folders are named as they or their addresses end', () => {
  assert.equal(lastName('/srv/churn/'), 'churn');
  assert.equal(lastName('https://host/me/churn.git'), 'churn');
  assert.equal(lastName('git@host:churn.git'), 'churn');
  assert.equal(lastName('C:\\code\\churn'), 'churn');
  assert.equal(lastName(''), '');
});

void test('where a folder cannot be shown, the one before stays, with the reason', async () => {
  const walk = new FolderWalk(path =>
    path === '/no'
      ? Promise.reject(new Error('not there'))
      : Promise.resolve(listing(path ?? '/home/me', ['a']))
  );
  await walk.start(null);
  assert.equal(walk.value.list?.path, '/home/me');
  await walk.go('/no');
  assert.equal(walk.value.list.path, '/home/me');
  assert.equal(walk.value.problem?.message, 'not there');
  await walk.go('/srv');
  assert.equal(walk.value.problem, null);
  assert.equal(walk.value.list.path, '/srv');
});

void test('a walk that cannot start where it should starts at home, and says why', async () => {
  const walk = new FolderWalk(path =>
    path === null
      ? Promise.resolve(listing('/home/me'))
      : Promise.reject(new Error('not there'))
  );
  await walk.start('/no');
  assert.equal(walk.value.list?.path, '/home/me');
  assert.equal(walk.value.problem?.message, 'not there');
});

void test('a folder that comes late does not cover the one that was asked for after it', async () => {
  const answers: ((list: IFolderList) => void)[] = [];
  const walk = new FolderWalk(
    () => new Promise<IFolderList>(resolve => answers.push(resolve))
  );
  const first = walk.go('/slow');
  const second = walk.go('/quick');
  answers[1]?.(listing('/quick'));
  answers[0]?.(listing('/slow'));
  await Promise.all([first, second]);
  assert.equal(walk.value.list?.path, '/quick');
  assert.equal(walk.value.busy, false);
});
