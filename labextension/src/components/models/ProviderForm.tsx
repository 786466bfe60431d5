import * as React from 'react';

import type { IProvider, ProviderKind } from '../../api/models';
import { kindAgent, kindWord, withoutAccount } from '../../model/modelWords';
import {
  changes,
  creation,
  newProvider,
  providerDraft,
  wrong,
  type DraftField,
  type IProviderDraft
} from '../../model/providerDraft';
import { Disclosure } from '../Disclosure';
import { useFace, useTrans } from '../face';
import { useAction } from '../hooks';
import { Labelled } from '../Labelled';
import { Thrown } from '../Problem';
import { PushButton } from '../PushButton';
import { TestFrom } from '../TestFrom';
import { DefaultField, KeyField, ModelsField } from './providerFields';

const KINDS: readonly ProviderKind[] = ['anthropic', 'openai'];

/** Writes down a provider, new or saved; its key goes in and never comes out. */
export function ProviderForm(props: {
  /** Null: a new one. */
  saved: IProvider | null;
  onSaved: () => Promise<void>;
  onCancel: () => void;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { saved, onSaved, onCancel } = props;
  const [draft, setDraft] = React.useState<IProviderDraft>(() =>
    saved ? providerDraft(saved) : newProvider()
  );
  /** What is wrong is told once somebody wanted to send it. */
  const [told, tell] = React.useState(false);
  const { busy, problem, run } = useAction();
  const form = React.useRef<HTMLFormElement>(null);
  const faults = wrong(trans, draft, saved);
  const faulty = Object.keys(faults).length > 0;
  /** With every change, what was tested is another provider. */
  const [edits, countEdits] = React.useState(0);
  const change = (fields: Partial<IProviderDraft>): void => {
    setDraft(now => ({ ...now, ...fields }));
    countEdits(edits + 1);
  };
  const parts = { draft, saved, faults: told ? faults : {}, change };

  React.useEffect(
    () => form.current?.querySelector<HTMLElement>('input, textarea')?.focus(),
    []
  );
  const save = (): void => {
    tell(true);
    if (faulty) {
      // Rendered with the words that tell.
      setTimeout(() =>
        form.current
          ?.querySelector<HTMLElement>('[aria-invalid="true"]')
          ?.focus()
      );
      return;
    }
    run(async () => {
      await (saved
        ? gateway.modelRest.update(saved.id, changes(draft, saved))
        : gateway.modelRest.create(creation(draft)));
      await onSaved();
    });
  };
  const title = saved
    ? trans.__('Edit %1', saved.name)
    : trans.__('New provider');
  return (
    <form
      ref={form}
      className="wegent-ProviderForm"
      aria-label={title}
      noValidate
      onSubmit={event => {
        event.preventDefault();
        save();
      }}
      onKeyDown={event => {
        if (event.key === 'Escape' && !event.defaultPrevented) {
          onCancel();
        }
      }}
    >
      <h3>{title}</h3>
      {saved === null && <Identity {...parts} />}
      <Address {...parts} />
      <KeyField {...parts} />
      <ModelsField {...parts} />
      <DefaultField {...parts} />
      <Thrown error={problem} />
      <div className="wegent-Buttons">
        <PushButton
          submit
          accent
          text={saved ? trans.__('Save') : trans.__('Add')}
          disabled={busy}
        />
        <PushButton text={trans.__('Cancel')} onClick={onCancel} />
      </div>
      <Disclosure open={false} summary={trans.__('Test from device…')}>
        <div className="wegent-Tests">
          <TestFrom
            key={edits}
            reason={untestable()}
            test={id => gateway.modelRest.testNew(creation(draft), id)}
          />
        </div>
      </Disclosure>
    </form>
  );

  function untestable(): string {
    if (faulty) {
      return Object.values(faults)[0] ?? '';
    }
    return saved?.has_key && !draft.key.trim() && !draft.dropsKey
      ? trans.__('Save first: the saved key is tested where it is saved.')
      : '';
  }
}

export interface IPartProps {
  draft: IProviderDraft;
  saved: IProvider | null;
  faults: Partial<Record<DraftField, string>>;
  change: (fields: Partial<IProviderDraft>) => void;
}

/** What stays as it is once it is saved: tasks know it by these. */
function Identity(props: IPartProps): React.ReactElement {
  const trans = useTrans();
  const { draft, faults, change } = props;
  return (
    <>
      <Labelled
        text={trans.__('Name')}
        help={trans.__(
          'Stands before the model in tasks: %1/model. It cannot be changed later.',
          draft.name || trans.__('name')
        )}
        wrong={faults.name}
      >
        {(id, about) => (
          <input
            type="text"
            id={id}
            className="wegent-Field"
            aria-describedby={about}
            aria-invalid={faults.name !== undefined}
            placeholder={trans.__('such as work')}
            maxLength={40}
            spellCheck={false}
            autoCapitalize="none"
            autoComplete="off"
            value={draft.name}
            onChange={event => change({ name: event.target.value })}
          />
        )}
      </Labelled>
      <div
        className="wegent-Labelled"
        role="radiogroup"
        aria-label={trans.__('Kind')}
      >
        <span>{trans.__('Kind')}</span>
        <div>
          {KINDS.map(kind => (
            <label key={kind} className="wegent-Check">
              <input
                type="radio"
                name="wegent-provider-kind"
                checked={draft.kind === kind}
                onChange={() => change({ kind })}
              />
              {trans.__(
                '%1, for %2',
                kindWord(trans, kind),
                kindAgent(trans, kind)
              )}
            </label>
          ))}
        </div>
      </div>
    </>
  );
}

function Address(props: IPartProps): React.ReactElement {
  const trans = useTrans();
  const { draft, saved, faults, change } = props;
  const none = !draft.baseUrl.trim() && !draft.key && !saved?.has_key;
  return (
    <Labelled
      text={trans.__('Address')}
      help={none ? withoutAccount(trans, draft.kind) : undefined}
      wrong={faults.baseUrl}
    >
      {(id, about) => (
        <input
          type="text"
          id={id}
          className="wegent-Field wegent-mod-code"
          aria-describedby={about}
          aria-invalid={faults.baseUrl !== undefined}
          placeholder={trans.__("the vendor's own")}
          inputMode="url"
          maxLength={2048}
          spellCheck={false}
          autoComplete="off"
          value={draft.baseUrl}
          onChange={event => change({ baseUrl: event.target.value })}
        />
      )}
    </Labelled>
  );
}
