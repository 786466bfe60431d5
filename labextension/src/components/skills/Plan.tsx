import * as React from 'react';

import type { IMove, IObstacle, ISharing } from '../../api/skills';
import {
  agentWord,
  folderName,
  linkWord,
  planWord
} from '../../model/skillWords';
import { unhidden } from '../../model/text';
import { useTrans } from '../face';
import { Fix } from '../Problem';

/** How many moves are rendered. */
const SHOWN = 300;

/** What sharing would do: what moves where, under which name, and what is in the way. */
export function Plan(props: { sharing: ISharing }): React.ReactElement {
  const trans = useTrans();
  const { sharing } = props;
  const { obstacles } = sharing;
  return (
    <>
      <p
        className="wegent-Hint"
        data-level={obstacles.length > 0 ? 'warning' : undefined}
        role="status"
      >
        {planWord(trans, sharing)}
      </p>
      {obstacles.map(obstacle => (
        <Obstacle key={obstacle.path + obstacle.message} obstacle={obstacle} />
      ))}
      {obstacles.length === 0 && <Changes sharing={sharing} />}
    </>
  );
}

/** What would be done where nothing is in the way. */
function Changes(props: { sharing: ISharing }): React.ReactElement {
  const trans = useTrans();
  const { sharing } = props;
  const { moves, links, left } = sharing;
  return (
    <>
      {moves.length > 0 && (
        <section aria-label={trans.__('What moves')}>
          <Moves moves={moves} />
        </section>
      )}
      <section aria-label={trans.__('What becomes of the directories')}>
        <ul className="wegent-List wegent-Links">
          {sharing.shared_created && (
            <li>{trans.__('%1 is made', unhidden(sharing.shared_path))}</li>
          )}
          {links.map(link => (
            <li key={link.path}>{unhidden(linkWord(trans, link, false))}</li>
          ))}
          {left.map(path => (
            <li key={path}>
              {trans.__('%1 is no skill, and stays usable', unhidden(path))}
            </li>
          ))}
        </ul>
      </section>
      <p className="wegent-Hint">
        {trans.__('Nothing is overwritten, and it can be undone.')}
      </p>
    </>
  );
}

function Obstacle(props: { obstacle: IObstacle }): React.ReactElement {
  const { path, message, fix } = props.obstacle;
  return (
    <div className="wegent-Problem">
      <code>{unhidden(path)}</code>
      <span>{unhidden(message)}</span>
      {fix && <Fix command={fix} />}
    </div>
  );
}

/** Moves, one on each line. */
export function Moves(props: { moves: readonly IMove[] }): React.ReactElement {
  const trans = useTrans();
  const { moves } = props;
  return (
    <div className="wegent-Moves" tabIndex={0}>
      <table className="wegent-Table">
        <thead>
          <tr>
            <th>{trans.__('Skill')}</th>
            <th>{trans.__('From')}</th>
            <th>{trans.__('To')}</th>
          </tr>
        </thead>
        <tbody>
          {moves.slice(0, SHOWN).map(move => (
            <tr key={move.from} data-renamed={move.renamed}>
              <th scope="row" title={unhidden(move.from)}>
                {unhidden(folderName(move.from))}
              </th>
              <td>{agentWord(trans, move.source)}</td>
              <td title={unhidden(move.to)}>
                <code>{unhidden(folderName(move.to))}</code>
                {move.renamed && (
                  <span className="wegent-Tag">{trans.__('renamed')}</span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {moves.length > SHOWN && (
        <p className="wegent-Hint">
          {trans.__('and %1 more', moves.length - SHOWN)}
        </p>
      )}
    </div>
  );
}
