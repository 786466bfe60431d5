import * as React from 'react';

import type { ISharingReport } from '../../api/skills';
import type { IDevice } from '../../api/types';
import { Commands } from '../../commands';
import { doneIcon, failedIcon, ringIcon, warnIcon } from '../../icons';
import { linkWord, resultWord, sharingWord } from '../../model/skillWords';
import { unhidden } from '../../model/text';
import { confirmed } from '../confirm';
import { Disclosure } from '../Disclosure';
import { useFace } from '../face';
import { useAction, useLoaded } from '../hooks';
import { Thrown } from '../Problem';
import { PushButton } from '../PushButton';
import { Mark } from '../State';
import { Moves } from './Plan';

const ICONS = {
  separate: ringIcon,
  shared: doneIcon,
  partial: warnIcon,
  unfinished: warnIcon
};

/** Whether the agents of a device share their skills, and the way there and back. */
export function Sharing(props: {
  device: IDevice;
  onChanged: () => Promise<void>;
}): React.ReactElement {
  const { gateway, trans, commands } = useFace();
  const { device, onChanged } = props;
  const rest = gateway.skillRest;
  const id = device.device_id;
  const load = React.useCallback(() => rest.sharing(id), [rest, id]);
  const { value, problem, reload } = useLoaded(load);
  const [done, setDone] = React.useState<ISharingReport | null>(null);
  const { busy, problem: refusal, run } = useAction();
  const sharing = value?.sharing;
  const show = async (report: ISharingReport | null): Promise<void> => {
    if (report) {
      await Promise.all([reload(), onChanged()]);
      setDone(report);
    }
  };
  const ask = (): Promise<ISharingReport | null> =>
    commands.execute(Commands.shareSkills, { device: id });
  const undo = async (): Promise<void> => {
    const title = trans.__('Undo sharing on %1?', device.name);
    const text = trans.__(
      'Skills go back to where they were. What came to the shared directory later stays there.'
    );
    if (await confirmed(trans, title, text, trans.__('Undo'))) {
      await show(await rest.unshare(id));
    }
  };
  return (
    <section className="wegent-Part" aria-labelledby="wegent-sharing">
      <h3 id="wegent-sharing">
        {trans.__('Sharing between Claude Code and Codex')}
      </h3>
      {sharing && (
        <p className="wegent-SharingState" data-sharing={sharing.state}>
          <Mark
            state={sharing.state === 'shared' ? 'completed' : 'queued'}
            icon={ICONS[sharing.state]}
            word={unhidden(sharingWord(trans, sharing))}
          />
        </p>
      )}
      <div role="status">
        {busy && (
          <Mark
            state="in_progress"
            icon={ringIcon}
            word={trans.__('Asking %1…', device.name)}
          />
        )}
        {done?.result && !busy && <Done report={done} />}
      </div>
      <Thrown error={problem} />
      <Thrown error={refusal} />
      {sharing && (
        <div className="wegent-Buttons">
          <PushButton
            accent={sharing.state !== 'shared'}
            text={
              sharing.state === 'separate'
                ? trans.__('Share skills between Claude and Codex…')
                : trans.__('Share again…')
            }
            title={trans.__('Shows first what would move where')}
            disabled={busy}
            onClick={() => run(async () => show(await ask()))}
          />
          {sharing.undoable && (
            <PushButton
              text={trans.__('Undo…')}
              title={trans.__('Put the skills back where they were')}
              disabled={busy}
              onClick={() => run(undo)}
            />
          )}
        </div>
      )}
    </section>
  );
}

/** What was done, with the count and, on demand, each move. */
function Done(props: { report: ISharingReport }): React.ReactElement | null {
  const { trans } = useFace();
  const { result } = props.report;
  if (!result) {
    return null;
  }
  const moved = result.moved.length;
  return (
    <div className="wegent-Result wegent-Shared" data-ok={result.success}>
      <Mark
        state={result.success ? 'completed' : 'failed'}
        icon={result.success ? doneIcon : failedIcon}
        word={unhidden(resultWord(trans, result))}
      />
      {(moved > 0 || result.links.length > 0) && (
        <Disclosure open={false} summary={trans.__('What was done')}>
          {moved > 0 && <Moves moves={result.moved} />}
          <ul className="wegent-List wegent-Links">
            {result.links.map(link => (
              <li key={link.path}>{unhidden(linkWord(trans, link, true))}</li>
            ))}
          </ul>
        </Disclosure>
      )}
      {result.kept.length > 0 && (
        <Disclosure
          open={false}
          summary={trans._n(
            'One entry stayed in the shared directory',
            '%1 entries stayed in the shared directory',
            result.kept.length
          )}
        >
          <ul className="wegent-List wegent-Links">
            {result.kept.map(path => (
              <li key={path}>
                <code>{unhidden(path)}</code>
              </li>
            ))}
          </ul>
        </Disclosure>
      )}
    </div>
  );
}
