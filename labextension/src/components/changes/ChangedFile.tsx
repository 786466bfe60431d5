import {
  addIcon,
  deleteIcon,
  editIcon,
  fileIcon,
  undoIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ChangeStatus } from '../../api/changes';
import {
  changeWord,
  contentsPath,
  linesWord,
  nowWord,
  type FileSeen
} from '../../model/changes';
import { hasOurFiles } from '../../model/devices';
import { unhidden } from '../../model/text';
import { Disclosure } from '../Disclosure';
import { useFace } from '../face';
import { useDevice, useLoaded, useValue } from '../hooks';
import { IconButton } from '../IconButton';
import { Thrown } from '../Problem';
import type { ITurnPlace } from './context';
import { FileChange } from './FileChange';
import type { IChanges } from './useChanges';

/** JupyterLab's own command. */
const OPEN = 'docmanager:open';

const STATUS_ICONS: Record<ChangeStatus, LabIcon> = {
  added: addIcon,
  modified: editIcon,
  deleted: deleteIcon
};

interface IChangedFileProps {
  file: FileSeen;
  turn: ITurnPlace;
  changes: IChanges;
  /** Somebody wants to see it. */
  shown: boolean;
}

/** A file that a turn changed; opened, what in it. */
export function ChangedFile(props: IChangedFileProps): React.ReactElement {
  const { file, shown } = props;
  const row = React.useRef<HTMLLIElement>(null);
  React.useEffect(() => {
    if (shown) {
      row.current?.querySelector('button')?.focus();
    }
  }, [shown]);
  return (
    <li ref={row} data-status={file.status} data-now={file.now}>
      <Disclosure open={shown} summary={<FileSummary file={file} />}>
        <Opened {...props} row={row} />
      </Disclosure>
    </li>
  );
}

function FileSummary(props: { file: FileSeen }): React.ReactElement {
  const { trans } = useFace();
  const { path, status, now } = props.file;
  const Icon = STATUS_ICONS[status];
  const word = changeWord(trans, status);
  const since = nowWord(trans, now);
  return (
    <>
      <Icon.react tag="span" className="wegent-Mark" aria-hidden />
      <span className="wegent-Title wegent-Path" title={unhidden(path)}>
        <bdi>{unhidden(path)}</bdi>
      </span>
      <span className={status === 'modified' ? 'jp-sr-only' : 'wegent-Small'}>
        {word}
      </span>
      {since && (
        <span className="wegent-Tag" data-now={now}>
          {since}
        </span>
      )}
      <span className="wegent-Counts">{linesWord([props.file])}</span>
    </>
  );
}

function Opened(
  props: IChangedFileProps & { row: React.RefObject<HTMLLIElement> }
): React.ReactElement {
  const { gateway, trans } = useFace();
  const { file, turn, changes, shown, row } = props;
  const { taskId, turnId } = turn;
  const { path, now } = file;
  const { away, reload } = changes;
  const load = React.useCallback(
    async () =>
      away === null ? gateway.changesRest.file(taskId, turnId, path) : null,
    [gateway, taskId, turnId, path, away]
  );
  const { value, problem } = useLoaded(load);
  // Somebody may have changed it since the card was opened.
  React.useEffect(() => {
    if (away === null) {
      void reload();
    }
  }, [away, reload]);
  React.useEffect(() => {
    if (shown && value) {
      gateway.shownChange.set(null);
      // Once the transcript has followed what came to its end.
      requestAnimationFrame(() => row.current?.scrollIntoView());
    }
  }, [gateway, shown, value, row]);
  return (
    <div className="wegent-ChangedFile">
      <div className="wegent-Buttons">
        <OpenFile file={file} turn={turn} workspace={changes.workspace} />
        {now !== 'reverted' && (
          <IconButton
            icon={undoIcon}
            label={trans.__('Revert file')}
            text={trans.__('Revert file')}
            title={trans.__('Take back what this message changed in it')}
            disabled={changes.busy || away !== null}
            onClick={() => changes.revertFile(file)}
          />
        )}
      </div>
      <Thrown error={problem} />
      {value ? (
        <FileChange diff={value} />
      ) : (
        !problem &&
        away === null && <p className="wegent-Hint">{trans.__('Loading…')}</p>
      )}
    </div>
  );
}

/** Opens a file in JupyterLab, where that shows the files of the device. */
function OpenFile(props: {
  file: FileSeen;
  turn: ITurnPlace;
  workspace: string | null;
}): React.ReactElement | null {
  const { gateway, trans, commands } = useFace();
  const { file, turn, workspace } = props;
  const root = useValue(gateway.version)?.root;
  const devices = useValue(gateway.devices);
  const device = useDevice(turn.deviceId);
  const ours = device !== undefined && hasOurFiles(devices, device);
  const path = ours ? contentsPath(root, workspace, file.path) : null;
  return path !== null && isThere(file) && commands.hasCommand(OPEN) ? (
    <IconButton
      icon={fileIcon}
      label={trans.__('Open file')}
      text={trans.__('Open file')}
      onClick={() => void commands.execute(OPEN, { path })}
    />
  ) : null;
}

/** Whether there is such a file now, as far as that is known. */
function isThere({ status, now }: FileSeen): boolean {
  return now === 'reverted' ? status !== 'added' : status !== 'deleted';
}
