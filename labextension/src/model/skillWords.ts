/** Words for skills and sharing them, in the user's language. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  ILink,
  IMove,
  ISharing,
  ISharingResult,
  ISkill,
  SkillAgent,
  SkillSource
} from '../api/skills';

const SOURCES: readonly SkillSource[] = [
  'agents',
  'claude',
  'codex',
  'claude-plugin',
  'codex-plugin',
  'project-claude',
  'project-codex'
];

export interface ISkillGroup {
  source: SkillSource;
  skills: readonly ISkill[];
}

/** Skills by where they lie, in the order in which they are shown. */
export function skillGroups(skills: readonly ISkill[]): ISkillGroup[] {
  return SOURCES.map(source => ({
    source,
    skills: skills.filter(one => one.source === source)
  })).filter(group => group.skills.length > 0);
}

export function sourceWord(
  trans: TranslationBundle,
  source: SkillSource
): string {
  return {
    agents: trans.__('Shared, in ~/.agents/skills'),
    claude: trans.__('Claude Code, in ~/.claude/skills'),
    codex: trans.__('Codex, in ~/.codex/skills'),
    'claude-plugin': trans.__('Plugins of Claude Code'),
    'codex-plugin': trans.__('Plugins of Codex'),
    'project-claude': trans.__('Of the workspace, for Claude Code'),
    'project-codex': trans.__('Of the workspace, for Codex')
  }[source];
}

export function agentWord(trans: TranslationBundle, agent: SkillAgent): string {
  return { claude: trans.__('Claude Code'), codex: trans.__('Codex') }[agent];
}

/** The folder of a skill, without where it is. */
export function folderName(path: string): string {
  return path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;
}

/** Which agents can use it. */
export function usedBy(trans: TranslationBundle, skill: ISkill): string {
  return (
    skill.agents.map(agent => agentWord(trans, agent)).join(', ') ||
    trans.__('none in tasks')
  );
}

/** How sharing stands. */
export function sharingWord(
  trans: TranslationBundle,
  { state, shared_path }: ISharing
): string {
  switch (state) {
    case 'separate':
      return trans.__(
        'Separate: each agent uses the skills in its own directory alone.'
      );
    case 'shared':
      return trans.__('Shared: both agents use %1.', shared_path);
    case 'partial':
      return trans.__(
        'Shared in part: only one of the two agents uses %1.',
        shared_path
      );
    case 'unfinished':
      return trans.__(
        'Unfinished: sharing was cut off in the middle. Share again to finish it, or undo it.'
      );
  }
}

/** What sharing would do, in a sentence. */
export function planWord(trans: TranslationBundle, sharing: ISharing): string {
  const { moves, obstacles, state } = sharing;
  if (obstacles.length > 0) {
    return trans.__('This cannot be done as things are. Nothing is changed.');
  }
  if (moves.length > 0) {
    return [
      trans._n('One skill would move.', '%1 skills would move.', moves.length),
      renamedWord(trans, moves)
    ]
      .filter(Boolean)
      .join(' ');
  }
  return state === 'shared'
    ? trans.__('All is shared already: nothing would move.')
    : trans.__('No skill has to move.');
}

/** How many would be, or were, renamed; empty for none. */
function renamedWord(
  trans: TranslationBundle,
  moves: readonly IMove[]
): string {
  const count = moves.filter(move => move.renamed).length;
  return count > 0
    ? trans._n(
        'One is renamed, as another has its name.',
        '%1 are renamed, as others have their names.',
        count
      )
    : '';
}

/** What becomes, or became, of one of the two directories. */
export function linkWord(
  trans: TranslationBundle,
  link: ILink,
  done: boolean
): string {
  switch (link.status) {
    case 'created':
      return done
        ? trans.__('%1 is a link to %2 now', link.path, link.target)
        : trans.__('%1 becomes a link to %2', link.path, link.target);
    case 'already_configured':
      return trans.__('%1 is a link to %2 already', link.path, link.target);
    case 'copied':
      return trans.__(
        '%1 cannot be a link here: it gets copies of the skills in %2',
        link.path,
        link.target
      );
    case 'removed':
      return trans.__('%1 is a directory of its own again', link.path);
  }
}

/** What was done, with the counts. */
export function resultWord(
  trans: TranslationBundle,
  result: ISharingResult
): string {
  const { status, moved_count, error } = result;
  switch (status) {
    case 'failed':
      return error ?? trans.__('It failed.');
    case 'undone':
      return trans._n(
        'Undone: one skill is back where it was.',
        'Undone: %1 skills are back where they were.',
        moved_count
      );
    case 'configured':
      return moved_count === 0
        ? trans.__('Shared. Nothing had to move.')
        : [
            trans._n(
              'Shared: one skill was moved.',
              'Shared: %1 skills were moved.',
              moved_count
            ),
            renamedWord(trans, result.moved)
          ]
            .filter(Boolean)
            .join(' ');
  }
}
