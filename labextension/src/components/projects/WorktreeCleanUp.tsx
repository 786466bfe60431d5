import * as React from 'react';

import type { IWorktreeReport } from '../../api/projects';
import type { IDevice, ITask } from '../../api/types';
import {
  removalWord,
  reportParts,
  worktreeAdvice,
  type IReportPart
} from '../../model/projectWords';
import { unhidden } from '../../model/text';
import { useTrans } from '../face';
import { Fix, Thrown } from '../Problem';
import { PushButton } from '../PushButton';

/** Shows what goes with a worktree, why it stays if it does, and what helps. */
export function WorktreeCleanUp(props: {
  task: ITask;
  device: IDevice | undefined;
  report: IWorktreeReport | null;
  problem: Error | null;
  onAgain: () => void;
  onTerminal: () => void;
}): React.ReactElement {
  const trans = useTrans();
  const { task, device, report, problem } = props;
  return (
    <div className="wegent-CleanUp">
      {report ? (
        <Report report={report} task={task} device={device} />
      ) : (
        !problem && <p className="wegent-Hint">{trans.__('Looking…')}</p>
      )}
      <Thrown error={problem} />
      {(problem ?? (report?.exists && !report.removable)) && (
        <div className="wegent-Buttons">
          {report?.exists && (
            <PushButton
              text={trans.__('Open terminal')}
              title={trans.__('In the worktree')}
              onClick={props.onTerminal}
            />
          )}
          <PushButton text={trans.__('Look again')} onClick={props.onAgain} />
        </div>
      )}
    </div>
  );
}

function Report(props: {
  report: IWorktreeReport;
  task: ITask;
  device: IDevice | undefined;
}): React.ReactElement {
  const trans = useTrans();
  const { report, device } = props;
  const advice = worktreeAdvice(trans, report);
  return (
    <>
      <dl>
        <dt>{trans.__('Worktree')}</dt>
        <dd className="wegent-mod-code">{unhidden(report.path)}</dd>
        {report.source && (
          <>
            <dt>{trans.__('Repository')}</dt>
            <dd className="wegent-mod-code">{unhidden(report.source)}</dd>
          </>
        )}
        <dt>{trans.__('Device')}</dt>
        <dd>{device?.name ?? unhidden(report.device_id)}</dd>
      </dl>
      <p
        className="wegent-Hint"
        data-level={report.removable ? 'fine' : 'warning'}
        role="status"
      >
        {removalWord(trans, report)}
      </p>
      {reportParts(trans, report).map(part => (
        <Part key={part.title} part={part} />
      ))}
      {advice && <Fix command={advice} />}
    </>
  );
}

function Part(props: { part: IReportPart }): React.ReactElement {
  const trans = useTrans();
  const { title, items, more, lost } = props.part;
  return (
    <section className="wegent-ReportPart" data-lost={lost} aria-label={title}>
      <h3>{title}</h3>
      <ul className="wegent-List" tabIndex={0}>
        {items.map(item => (
          <li key={item}>{item}</li>
        ))}
        {more > 0 && <li>{trans.__('and %1 more', more)}</li>}
      </ul>
    </section>
  );
}
