import { folderIcon } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { IFolder, IFolderList } from '../../api/projects';
import type { IDevice } from '../../api/types';
import { branchIcon } from '../../icons';
import {
  crumbs,
  FolderWalk,
  fromHome,
  isHidden,
  matching
} from '../../model/folders';
import { unhidden } from '../../model/text';
import { shortPath } from '../../model/workspace';
import { useFace, useTrans } from '../face';
import { useValue } from '../hooks';
import { Thrown } from '../Problem';
import { PushButton } from '../PushButton';
import { Crumbs } from './Crumbs';

/** As this computer's keyboard calls them. */
const USE_KEYS = CommandRegistry.formatKeystroke('Accel Enter');

/** Walks through the folders of a device until one is chosen. */
export function FolderBrowser(props: {
  device: IDevice;
  /** Where to start; null: in the home directory. */
  start: string | null;
  onChosen: (path: string) => void;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { device, onChosen } = props;
  const id = device.device_id;
  const walk = React.useMemo(
    () => new FolderWalk(path => gateway.projectRest.folders(id, path)),
    [gateway, id]
  );
  const [start] = React.useState(props.start);
  React.useEffect(() => void walk.start(start), [walk, start]);
  const { list, busy, problem } = useValue(walk);
  const field = React.useRef<HTMLInputElement>(null);
  const go = (path: string): void => {
    // What was clicked goes away, and would take the focus with it.
    field.current?.focus();
    void walk.go(path);
  };
  return (
    <div className="wegent-Folders" aria-busy={busy}>
      {list && (
        <Crumbs
          way={crumbs(list.path, list.home)}
          parent={list.parent}
          onGo={go}
        />
      )}
      <Pick field={field} list={list} onGo={go} onChosen={onChosen} />
      <Thrown error={problem} />
      {!list && !problem && (
        <p className="wegent-Hint">{trans.__('Loading…')}</p>
      )}
      {list && (
        <PushButton
          accent
          text={trans.__(
            'Use %1',
            unhidden(shortPath(fromHome(list.path, list.home)))
          )}
          title={unhidden(list.path)}
          disabled={busy}
          onClick={() => onChosen(list.path)}
        />
      )}
    </div>
  );
}

interface IPickProps {
  field: React.RefObject<HTMLInputElement>;
  list: IFolderList | null;
  onGo: (path: string) => void;
  onChosen: (path: string) => void;
}

/** The folders in one: a text narrows them down, arrows and Enter or a click lead into one. */
function Pick(props: IPickProps): React.ReactElement {
  const trans = useTrans();
  const { field, list, onGo } = props;
  const id = React.useId();
  const [text, setText, at, setAt] = useFilter(list?.path);
  const items = matching(list?.items ?? [], text);
  const active = items[at];
  React.useEffect(() => {
    // The popover shows after this, and takes the focus to its first button.
    const frame = requestAnimationFrame(() => field.current?.focus());
    return () => cancelAnimationFrame(frame);
  }, [field]);
  const onKey = (event: React.KeyboardEvent): void => {
    const up = text === '' ? list?.parent : null;
    const move = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (move !== undefined) {
      setAt(Math.max(0, Math.min(move, items.length - 1)));
    } else if (event.key === 'Enter' && list && accelerated(event)) {
      props.onChosen((active ?? list).path);
    } else if (event.key === 'Enter' && active) {
      onGo(active.path);
    } else if (event.key === 'Backspace' && up) {
      onGo(up);
    } else if (event.key !== 'Enter') {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <>
      <input
        ref={field}
        type="text"
        className="wegent-Field"
        role="combobox"
        aria-label={trans.__('Filter the folders')}
        aria-expanded={items.length > 0}
        aria-controls={id}
        aria-activedescendant={active && `${id}-${at}`}
        placeholder={trans.__('Filter')}
        title={trans.__(
          'Enter opens the folder, Backspace goes up, %1 uses the folder',
          USE_KEYS
        )}
        spellCheck={false}
        value={text}
        onChange={event => setText(event.target.value)}
        onKeyDown={onKey}
      />
      <ul
        id={id}
        className="wegent-List wegent-FolderList"
        role="listbox"
        aria-label={trans.__('Folders')}
      >
        {items.map((folder, place) => (
          <Line
            key={folder.path}
            id={`${id}-${place}`}
            folder={folder}
            active={place === at}
            onOpen={() => onGo(folder.path)}
          />
        ))}
      </ul>
      {list && items.length === 0 && (
        <p className="wegent-Hint wegent-Small">
          {text
            ? trans.__('No folder here has this in its name.')
            : trans.__('No folders in here.')}
        </p>
      )}
      {list?.truncated && (
        <p className="wegent-Hint wegent-Small">
          {trans.__('There are more folders than can be shown: type the path.')}
        </p>
      )}
    </>
  );
}

function accelerated(event: React.KeyboardEvent): boolean {
  return event.ctrlKey || event.metaKey;
}

/** A text and the place that it led to, for one folder; another folder begins anew. */
function useFilter(
  path: string | undefined
): [string, (text: string) => void, number, (at: number) => void] {
  const [kept, keep] = React.useState({ path, text: '', at: 0 });
  const { text, at } = kept;
  if (kept.path !== path) {
    keep({ path, text: '', at: 0 });
  }
  return [
    text,
    next => keep({ path, text: next, at: 0 }),
    at,
    next => keep({ path, text, at: next })
  ];
}

function Line(props: {
  id: string;
  folder: IFolder;
  active: boolean;
  onOpen: () => void;
}): React.ReactElement {
  const trans = useTrans();
  const { folder, active } = props;
  const line = React.useRef<HTMLLIElement>(null);
  React.useEffect(() => {
    if (active) {
      line.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [active]);
  const Icon = folder.repository ? branchIcon : folderIcon;
  return (
    <li
      ref={line}
      id={props.id}
      role="option"
      aria-selected={active}
      data-hidden={isHidden(folder)}
      title={unhidden(folder.path)}
      onClick={props.onOpen}
    >
      <Icon.react tag="span" className="wegent-Mark" aria-hidden />
      <span className="wegent-Title">{unhidden(folder.name)}</span>
      {folder.repository && (
        <span className="wegent-Tag">{trans.__('Git')}</span>
      )}
    </li>
  );
}
