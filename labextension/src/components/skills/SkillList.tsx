import * as React from 'react';

import type { ISkill, ISkillList } from '../../api/skills';
import { skillGroups, sourceWord, usedBy } from '../../model/skillWords';
import { unhidden } from '../../model/text';
import { useTrans } from '../face';

/** How many are rendered before somebody looks for a name. */
const SHOWN = 200;

/** Skills by where they lie, with what they are for and who can use them. */
export function SkillList(props: { list: ISkillList }): React.ReactElement {
  const trans = useTrans();
  const { items, truncated } = props.list;
  const [typed, type] = React.useState('');
  const query = typed.trim().toLowerCase();
  const found = items.filter(one =>
    `${one.name} ${one.description}`.toLowerCase().includes(query)
  );
  if (items.length === 0) {
    return (
      <div className="wegent-Empty">
        <p>
          {trans.__(
            'No skills there. A skill is a folder with a file SKILL.md in ~/.claude/skills, ~/.codex/skills or ~/.agents/skills.'
          )}
        </p>
      </div>
    );
  }
  const shown = found.slice(0, SHOWN);
  return (
    <section className="wegent-Part" aria-label={trans.__('Skills')}>
      <div className="wegent-SkillTop">
        <input
          type="search"
          className="wegent-Field"
          aria-label={trans.__('Find a skill')}
          placeholder={trans.__('Find a skill')}
          value={typed}
          onChange={event => type(event.target.value)}
        />
        <span className="wegent-Small" role="status">
          {query
            ? trans.__('%1 of %2', found.length, items.length)
            : trans._n('%1 skill', '%1 skills', items.length)}
        </span>
      </div>
      {skillGroups(shown).map(({ source, skills }) => (
        <section key={source} aria-label={sourceWord(trans, source)}>
          <h3>{sourceWord(trans, source)}</h3>
          <table className="wegent-Table wegent-mod-skills">
            <colgroup>
              <col />
              <col />
              <col />
            </colgroup>
            <thead className="jp-sr-only">
              <tr>
                <th>{trans.__('Name')}</th>
                <th>{trans.__('Description')}</th>
                <th>{trans.__('Can be used by')}</th>
              </tr>
            </thead>
            <tbody>
              {skills.map(skill => (
                <Line key={skill.path} skill={skill} />
              ))}
            </tbody>
          </table>
        </section>
      ))}
      {found.length > shown.length && (
        <p className="wegent-Hint">
          {trans.__(
            'and %1 more: type a part of the name to find them.',
            found.length - shown.length
          )}
        </p>
      )}
      {truncated && (
        <p className="wegent-Hint">
          {trans.__('There are more than the device lists.')}
        </p>
      )}
    </section>
  );
}

function Line(props: { skill: ISkill }): React.ReactElement {
  const trans = useTrans();
  const { skill } = props;
  return (
    <tr data-skill={skill.name}>
      <th scope="row" title={unhidden(skill.path)}>
        <span className="wegent-Title">{unhidden(skill.name)}</span>
        {skill.plugin_name && (
          <span className="wegent-Small">{unhidden(skill.plugin_name)}</span>
        )}
      </th>
      <td>{unhidden(skill.description || skill.short_description)}</td>
      <td>{usedBy(trans, skill)}</td>
    </tr>
  );
}
