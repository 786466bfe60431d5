import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ISharing, ISharingReport, ISkill } from '../src/api/skills';
import { SharingPlan } from '../src/model/sharingPlan';
import {
  matching,
  skillPlace,
  SkillSearch,
  skillWord,
  slashAt,
  withWord
} from '../src/model/skillSearch';
import { planWord, resultWord, skillGroups } from '../src/model/skillWords';
import { agent, device } from './made';
import { trans } from './trans';

function skill(name: string, fields: Partial<ISkill> = {}): ISkill {
  return {
    name,
    description: `about ${name}`,
    short_description: '',
    path: `/home/u/.claude/skills/${name}`,
    source: 'claude',
    origin: 'local',
    mtime: 0,
    plugin_name: null,
    agents: ['claude'],
    ...fields
  };
}

/** What is typed, with the cursor at `|`. */
function at(marked: string): string | undefined {
  const cursor = marked.indexOf('|');
  return slashAt(marked.replace('|', ''), cursor)?.query;
}

void test('a slash at the start or after white space, and what follows it, names a skill', () => {
  assert.equal(at('/|'), '');
  assert.equal(at('/rev|'), 'rev');
  assert.equal(at('please /rev|iew'), 'rev');
  assert.equal(at('first\n/pr-re|'), 'pr-re');
  assert.equal(at('/plug:sk|'), 'plug:sk');
});

void test('a path, a fraction or an address does not', () => {
  for (const text of ['/etc/|', 'a/b|', '1/2|', 'http://|', '/a b|', '(/x|']) {
    assert.equal(at(text), undefined, text);
  }
});

void test('each agent is told in its own way', () => {
  assert.equal(skillWord(skill('review'), 'claude'), '/review');
  assert.equal(skillWord(skill('review'), 'codex'), '$review');
  const plugged = skill('review', { plugin_name: 'team' });
  assert.equal(skillWord(plugged, 'claude'), '/team:review');
  const told = skill('team:review', { plugin_name: 'team' });
  assert.equal(skillWord(told, 'codex'), '$team:review');
});

void test('the word takes the place of what was typed, and the cursor follows it', () => {
  const text = 'please /rev it';
  const mention = slashAt(text, 11);
  assert.ok(mention);
  assert.deepEqual(withWord(text, mention, '$review'), {
    text: 'please $review it',
    cursor: 15
  });
  const end = slashAt('/rev', 4);
  assert.ok(end);
  assert.equal(withWord('/rev', end, '/review').text, '/review ');
});

void test('names that begin with what was typed come first, each once, of this agent alone', () => {
  const skills = [
    skill('code-review'),
    skill('review'),
    skill('review', { source: 'project-claude', path: '/srv/review' }),
    skill('release'),
    skill('review-codex', { agents: ['codex'] })
  ];
  const names = matching(skills, 'claude', 'Re').map(one => one.name);
  assert.deepEqual(names, ['release', 'review', 'code-review']);
});

void test('agents whose skills are not known complete none', () => {
  const here = device('d');
  assert.equal(skillPlace(here, agent('opencode', true), '/srv'), null);
  assert.equal(skillPlace(undefined, agent('codex', true), '/srv'), null);
  assert.deepEqual(skillPlace(here, agent('codex', true), null), {
    deviceId: 'd',
    workspace: null,
    agent: 'codex'
  });
});

const PLACE = { deviceId: 'd', workspace: null, agent: 'claude' as const };

function settled(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve));
}

void test('a device is asked once while somebody types', async () => {
  let asked = 0;
  const rest = {
    list: () => {
      asked++;
      const items = [skill('review')];
      return Promise.resolve({
        items,
        total: 1,
        truncated: false,
        shared: false
      });
    }
  };
  const search = new SkillSearch(rest);
  for (const query of ['', 'r', 're']) {
    search.ask(PLACE, query);
    await settled();
    assert.deepEqual(
      search.value?.items.map(one => one.name),
      ['review']
    );
  }
  search.ask({ ...PLACE, workspace: '/srv' }, 're');
  await settled();
  assert.equal(asked, 2);
});

void test('why there are none is told, and the next question is a new one', async () => {
  let asked = 0;
  const rest = {
    list: () => {
      asked++;
      return Promise.reject(new Error('gpu-box is offline'));
    }
  };
  const search = new SkillSearch(rest);
  search.ask(PLACE, '');
  await settled();
  assert.equal(search.value?.problem?.message, 'gpu-box is offline');
  search.ask(PLACE, 'r');
  await settled();
  assert.equal(asked, 2);
  search.stop();
  assert.equal(search.value, null);
});

void test('skills stand by where they lie', () => {
  const groups = skillGroups([
    skill('a', { source: 'codex' }),
    skill('b', { source: 'agents' }),
    skill('c', { source: 'codex' })
  ]);
  assert.deepEqual(
    groups.map(({ source, skills }) => [source, skills.length]),
    [
      ['agents', 1],
      ['codex', 2]
    ]
  );
});

function sharing(fields: Partial<ISharing> = {}): ISharing {
  return {
    state: 'separate',
    shared_path: '/home/u/.agents/skills',
    shared_created: true,
    legacy_paths: [],
    moves: [],
    links: [],
    left: [],
    obstacles: [],
    digest: 'one',
    undoable: false,
    ...fields
  };
}

function report(fields: Partial<ISharing> = {}): ISharingReport {
  return {
    device_id: 'd',
    sharing: sharing(fields),
    result: {
      success: true,
      status: 'configured',
      shared_path: '/home/u/.agents/skills',
      shared_created: true,
      legacy_paths: [],
      moved_count: 2,
      moved: [],
      links: [],
      error: null,
      kept: []
    }
  };
}

const MOVE = {
  source: 'codex' as const,
  from: '/c/x',
  to: '/a/x',
  renamed: false
};

void test('what would be done and what was done are told with their counts', () => {
  const moves = [MOVE, { ...MOVE, renamed: true }];
  assert.equal(
    planWord(trans, sharing({ moves })),
    '2 skills would move. One is renamed, as another has its name.'
  );
  assert.match(
    planWord(trans, sharing({ state: 'shared' })),
    /nothing would move/
  );
  const { result } = report();
  assert.ok(result);
  assert.equal(resultWord(trans, result), 'Shared: 2 skills were moved.');
  assert.equal(
    resultWord(trans, { ...result, moved_count: 0 }),
    'Shared. Nothing had to move.'
  );
  assert.equal(
    resultWord(trans, { ...result, status: 'failed', error: 'No space left' }),
    'No space left'
  );
});

void test('what was shown is done, under the digest under which it was shown', async () => {
  const digests: string[] = [];
  const plan = new SharingPlan('d', {
    sharing: () => Promise.resolve(report()),
    share: (_, digest) => {
      digests.push(digest);
      return Promise.resolve(report({ state: 'shared' }));
    }
  });
  assert.equal(plan.possible, false);
  await plan.look();
  assert.equal(plan.possible, true);
  assert.equal(await plan.share(), true);
  assert.deepEqual(digests, ['one']);
  assert.equal(plan.report?.sharing.state, 'shared');
});

void test('where the device has changed meanwhile, the new plan is shown with the reason, and nothing counts as done', async () => {
  let digest = 'one';
  const plan = new SharingPlan('d', {
    sharing: () => Promise.resolve(report({ digest })),
    share: () => Promise.reject(new Error('It has changed.'))
  });
  await plan.look();
  digest = 'two';
  assert.equal(await plan.share(), false);
  assert.equal(plan.value.sharing?.digest, 'two');
  assert.equal(plan.value.problem?.message, 'It has changed.');
});

void test('with something in the way nothing is sent', async () => {
  const obstacles = [{ path: '/c/x', message: 'A link', fix: null }];
  const plan = new SharingPlan('d', {
    sharing: () => Promise.resolve(report({ obstacles })),
    share: () => assert.fail('sent')
  });
  await plan.look();
  assert.equal(plan.possible, false);
  assert.equal(await plan.share(), false);
});
