import * as React from 'react';

import type { IBox } from '../../model/boxes';
import { asError } from '../../model/loaded';
import { Uploads, type INamed, type IUpload } from '../../model/uploads';
import { useFace } from '../face';
import { useValue } from '../hooks';
import {
  droppedFiles,
  labFiles,
  pastedFiles,
  takeFromBrowser
} from './dropped';

interface IUploads {
  uploads: Uploads;
  list: readonly IUpload[];
  /** Why the last files were not taken. */
  refused: Error | null;
  /** Something that may be dropped is over the box. */
  over: boolean;
  add: (files: () => readonly INamed[]) => void;
  /** For the box. */
  box: React.HTMLAttributes<HTMLFormElement> & {
    ref: React.RefObject<HTMLFormElement>;
  };
}

/** The files of a message that is being written, and the ways in which they come into its box. */
export function useUploads(
  others: Pick<IBox, 'pending' | 'suggest'>
): IUploads {
  const { gateway, trans } = useFace();
  const rest = gateway.attachmentRest;
  const [uploads] = React.useState(() => new Uploads(rest, trans));
  const [refused, refuse] = React.useState<Error | null>(null);
  const [over, setOver] = React.useState(false);
  const form = React.useRef<HTMLFormElement>(null);
  useBox(form, uploads, others);

  const add = React.useCallback(
    (files: () => readonly INamed[]): void => {
      refuse(null);
      try {
        uploads.add(files());
      } catch (error) {
        refuse(asError(error));
      }
    },
    [uploads]
  );

  React.useEffect(() => {
    const onPaths = (paths: string[]): void => {
      setOver(false);
      labFiles(rest, paths).then(
        files => add(() => files),
        (error: unknown) => refuse(asError(error))
      );
    };
    return form.current
      ? takeFromBrowser(form.current, setOver, onPaths)
      : undefined;
  }, [rest, add]);

  return {
    uploads,
    list: useValue(uploads),
    refused,
    over,
    add,
    box: {
      ref: form,
      onPaste: event => {
        const files = pastedFiles(event.clipboardData);
        if (files.length > 0) {
          event.preventDefault();
          add(() => files);
        }
      },
      onDragOver: event => {
        if (event.dataTransfer.types.includes('Files')) {
          event.preventDefault();
          setOver(true);
        }
      },
      onDragLeave: () => setOver(false),
      onDrop: event => {
        setOver(false);
        if (event.dataTransfer.types.includes('Files')) {
          event.preventDefault();
          const { dataTransfer } = event;
          add(() => droppedFiles(trans, dataTransfer));
        }
      }
    }
  };
}

/** Let files and cells from elsewhere find this box. What was not sent goes with it. */
function useBox(
  form: React.RefObject<HTMLFormElement>,
  uploads: Uploads,
  { pending, suggest }: Pick<IBox, 'pending' | 'suggest'>
): void {
  const { boxes } = useFace().gateway;
  React.useEffect(() => {
    const element = form.current;
    if (!element) {
      return;
    }
    const box = { uploads, pending, suggest, element };
    const use = (): void => boxes.use(box);
    const leave = boxes.enter(box);
    element.addEventListener('focusin', use);
    return () => {
      element.removeEventListener('focusin', use);
      leave();
      uploads.drop();
    };
  }, [boxes, form, uploads, pending, suggest]);
}
