import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IPlace } from '../../api/fileRest';
import { FileSearch, type IFound } from '../../model/fileSearch';
import { mentionAt, withPath } from '../../model/mentions';
import { unhidden } from '../../model/text';
import { useFace } from '../face';
import { useValue } from '../hooks';
import type { ICompleter, ISuggestions } from './completer';

/** Completes `@path` from the files of a workspace. */
export function useFileCompleter(place: IPlace | null): ICompleter {
  const { gateway, trans } = useFace();
  const [search] = React.useState(() => new FileSearch(gateway.fileRest));
  const found = useValue(search);
  const { deviceId, path } = place ?? {};
  const ask = React.useCallback(
    (query: string) => {
      if (deviceId !== undefined && path !== undefined) {
        search.ask({ deviceId, path }, query);
      }
    },
    [search, deviceId, path]
  );
  const stop = React.useCallback(() => search.stop(), [search]);
  return {
    name: trans.__('Files'),
    enabled: place !== null,
    at: mentionAt,
    ask,
    stop,
    found: found && suggestions(trans, found)
  };
}

function suggestions(trans: TranslationBundle, found: IFound): ISuggestions {
  return {
    items: found.items.map(path => ({
      key: path,
      title: unhidden(path),
      view: <FileName path={unhidden(path)} />,
      put: (text, mention) => withPath(text, mention, path)
    })),
    hint: hint(trans, found)
  };
}

function hint(
  trans: TranslationBundle,
  { items, truncated, query, problem }: IFound
): string {
  if (problem) {
    return trans.__('Files cannot be listed: %1', problem.message);
  }
  if (items.length === 0) {
    return trans.__('No file here is called like “%1”', unhidden(query));
  }
  return truncated
    ? trans.__('This folder has more files than were looked at')
    : '';
}

/** A file's own name, and where it is. */
function FileName(props: { path: string }): React.ReactElement {
  const at = props.path.lastIndexOf('/') + 1;
  return (
    <>
      <span className="wegent-Title">{props.path.slice(at)}</span>
      {at > 0 && (
        <span className="wegent-Folder">
          <bdi>{props.path.slice(0, at - 1)}</bdi>
        </span>
      )}
    </>
  );
}
