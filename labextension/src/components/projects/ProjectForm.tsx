import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ProjectSource } from '../../api/projects';
import type { IDevice } from '../../api/types';
import { lastName } from '../../model/folders';
import {
  canHost,
  cloneInto,
  moved,
  shownName,
  suggestedName,
  type IProjectDraft
} from '../../model/projectDraft';
import type { ProjectEditor } from '../../model/projectEditor';
import { movingWord, outlook } from '../../model/projectWords';
import { DevicePicker } from '../DevicePicker';
import { useTrans } from '../face';
import { useDevice, useValue } from '../hooks';
import { Labelled } from '../Labelled';
import { Thrown } from '../Problem';
import { FolderField } from './FolderField';

interface IPartProps {
  editor: ProjectEditor;
  draft: IProjectDraft;
  device: IDevice | undefined;
  onEnter: () => void;
}

/** Says what a project is called, on which device it is, and where it comes from. */
export function ProjectForm(props: {
  editor: ProjectEditor;
  /** Enter, in a field. */
  onEnter: () => void;
}): React.ReactElement {
  const trans = useTrans();
  const { editor, onEnter } = props;
  const { draft, busy, problem } = useValue(editor);
  const device = useDevice(draft.device ?? undefined);
  const part = { editor, draft, device, onEnter };
  const end = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    if (problem) {
      end.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [problem]);
  const moving = movingWord(trans, draft, editor.project, device);
  return (
    <div className="wegent-ProjectForm">
      <Labelled text={trans.__('Name')}>
        {id => (
          <Text
            id={id}
            value={shownName(draft)}
            placeholder={
              suggestedName(draft) || trans.__('by default as its folder')
            }
            maxLength={100}
            onEnter={onEnter}
            onChange={name => editor.change({ name })}
          />
        )}
      </Labelled>
      <div className="wegent-Labelled">
        <span>{trans.__('Device')}</span>
        <div>
          <DevicePicker
            device={device}
            queues={false}
            offers={canHost}
            onPick={id => editor.change(moved(draft, id, editor.project))}
          />
          {moving && <p className="wegent-Hint">{moving}</p>}
          {!device && (
            <p className="wegent-Hint" data-level="warning">
              {trans.__('No device is online that could have projects.')}
            </p>
          )}
        </div>
      </div>
      <Source {...part} />
      {draft.source === 'git' ? <Clone {...part} /> : <Folder {...part} />}
      <p className="wegent-Hint wegent-Small" role="status">
        {busy
          ? trans.__('Asking %1…', device?.name ?? '')
          : outlook(trans, draft, editor.project, device?.workspace_root)}
      </p>
      <div ref={end}>
        <Thrown error={problem} />
      </div>
    </div>
  );
}

function Source({ editor, draft }: IPartProps): React.ReactElement {
  const trans = useTrans();
  const name = React.useId();
  return (
    <div
      className="wegent-Labelled"
      role="radiogroup"
      aria-label={trans.__('Source')}
    >
      <span>{trans.__('Source')}</span>
      <div>
        {sources(trans).map(([source, text]) => (
          <label key={source} className="wegent-Check">
            <input
              type="radio"
              name={name}
              checked={draft.source === source}
              onChange={() => editor.change({ source })}
            />
            {text}
          </label>
        ))}
      </div>
    </div>
  );
}

function sources(trans: TranslationBundle): [ProjectSource, string][] {
  return [
    ['local_path', trans.__('Existing or new folder')],
    ['git', trans.__('Clone a Git repository')]
  ];
}

function Folder(props: IPartProps): React.ReactElement {
  const trans = useTrans();
  const { editor, draft, device, onEnter } = props;
  return (
    <Labelled text={trans.__('Folder')}>
      {id => (
        <FolderField
          id={id}
          device={device}
          placeholder={trans.__('such as ~/churn')}
          value={draft.folder}
          onChange={folder => editor.change({ folder })}
          onEnter={onEnter}
        />
      )}
    </Labelled>
  );
}

function Clone(props: IPartProps): React.ReactElement {
  const trans = useTrans();
  const { editor, draft, device, onEnter } = props;
  const name = lastName(draft.url);
  return (
    <>
      <Labelled text={trans.__('Address')}>
        {id => (
          <Text
            id={id}
            code
            value={draft.url}
            placeholder="https://…/churn.git"
            maxLength={2048}
            onEnter={onEnter}
            onChange={url => editor.change({ url })}
          />
        )}
      </Labelled>
      <Labelled text={trans.__('Branch')}>
        {id => (
          <Text
            id={id}
            code
            value={draft.branch}
            placeholder={trans.__("optional, else the repository's own")}
            maxLength={255}
            onEnter={onEnter}
            onChange={branch => editor.change({ branch })}
          />
        )}
      </Labelled>
      <Labelled text={trans.__('Folder')}>
        {id => (
          <FolderField
            id={id}
            device={device}
            placeholder={trans.__(
              'optional, else %1',
              `projects/${name || '…'}`
            )}
            value={draft.target}
            onChange={target => editor.change({ target })}
            onBrowsed={folder =>
              editor.change({ target: cloneInto(folder, draft.url) })
            }
            onEnter={onEnter}
          />
        )}
      </Labelled>
    </>
  );
}

function Text(props: {
  id: string;
  value: string;
  placeholder: string;
  maxLength: number;
  code?: boolean;
  onChange: (value: string) => void;
  onEnter: () => void;
}): React.ReactElement {
  return (
    <input
      type="text"
      id={props.id}
      className={`wegent-Field${props.code ? ' wegent-mod-code' : ''}`}
      placeholder={props.placeholder}
      maxLength={props.maxLength}
      spellCheck={false}
      value={props.value}
      onChange={event => props.onChange(event.target.value)}
      onKeyDown={event => {
        if (event.key === 'Enter') {
          event.preventDefault();
          props.onEnter();
        }
      }}
    />
  );
}
