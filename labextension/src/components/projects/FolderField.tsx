import { folderIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IDevice } from '../../api/types';
import { present } from '../../model/devices';
import { hindrance } from '../../model/terminalWords';
import { useTrans } from '../face';
import { usePopover } from '../popover';
import { FolderBrowser } from './FolderBrowser';

/** Takes the path of a folder of a device: typed, or chosen there. */
export function FolderField(props: {
  device: IDevice | undefined;
  /** Its name, where none stands beside it. */
  label?: string;
  id?: string;
  placeholder: string;
  value: string;
  onChange: (path: string) => void;
  /** What to do with a chosen one; by default it is the value. */
  onBrowsed?: (path: string) => void;
  onEnter?: () => void;
}): React.ReactElement {
  const trans = useTrans();
  const { device, value, onChange, onBrowsed = onChange, onEnter } = props;
  const line = React.useRef<HTMLDivElement>(null);
  const { open, close, button, popup } = usePopover(line);
  const name = device?.name ?? '';
  const reason = hindrance(trans, device);
  const browse = trans.__('Browse %1', name);
  return (
    <div ref={line} className="wegent-FolderField">
      <input
        type="text"
        className="wegent-Field wegent-mod-code"
        id={props.id}
        aria-label={props.label}
        placeholder={props.placeholder}
        spellCheck={false}
        value={value}
        onChange={event => onChange(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Enter' && onEnter) {
            event.preventDefault();
            onEnter();
          }
        }}
      />
      <button
        type="button"
        className="wegent-Button wegent-mod-bordered"
        aria-label={browse}
        aria-haspopup="dialog"
        aria-expanded={open}
        title={reason ? trans.__('%1 (%2)', browse, reason) : browse}
        disabled={!device || !present(device)}
        {...button}
      >
        <folderIcon.react tag="span" className="wegent-Mark" aria-hidden />
      </button>
      <div
        {...popup}
        className="wegent-FolderPopup"
        role="dialog"
        aria-label={trans.__('Folders of %1', name)}
      >
        {open && device && (
          <FolderBrowser
            device={device}
            start={value.trim() || null}
            onChosen={path => {
              onBrowsed(path);
              close();
            }}
          />
        )}
      </div>
    </div>
  );
}
