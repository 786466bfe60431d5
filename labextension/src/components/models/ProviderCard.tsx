import { deleteIcon, editIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IProvider } from '../../api/models';
import { accountWord, kindAgent, kindWord } from '../../model/modelWords';
import { unhidden } from '../../model/text';
import { confirmed } from '../confirm';
import { useFace } from '../face';
import { useAction } from '../hooks';
import { IconButton } from '../IconButton';
import { Problem, Thrown } from '../Problem';
import { PushButton } from '../PushButton';
import { Select } from '../Select';
import { TestFrom } from '../TestFrom';

/** A provider as it is saved: what is known of it, and what can be done with it. */
export function ProviderCard(props: {
  provider: IProvider;
  onEdit: () => void;
  onGone: () => Promise<void>;
}): React.ReactElement {
  const { gateway, trans } = useFace();
  const { provider, onEdit, onGone } = props;
  const { name, kind } = provider;
  const [tests, showTests] = React.useState(false);
  const { busy, problem, run } = useAction();
  const remove = async (): Promise<void> => {
    const title = trans.__('Delete %1?', name);
    const text = trans.__(
      'Its key is deleted, too. Messages that name its models, and wait, will fail.'
    );
    if (await confirmed(trans, title, text, trans.__('Delete'))) {
      await gateway.modelRest.remove(provider.id);
      await onGone();
    }
  };
  return (
    <section
      className="wegent-Provider"
      aria-label={name}
      data-provider={name}
      data-default={provider.default_model !== null}
    >
      <header>
        <h3>{name}</h3>
        <span className="wegent-Facts">
          <span>{kindWord(trans, kind)}</span>
          <span>{trans.__('for %1', kindAgent(trans, kind))}</span>
        </span>
        <span className="wegent-Row">
          <PushButton
            text={trans.__('Test from device…')}
            expanded={tests}
            onClick={() => showTests(!tests)}
          />
          <IconButton
            icon={editIcon}
            label={trans.__('Edit %1', name)}
            onClick={onEdit}
          />
          <IconButton
            icon={deleteIcon}
            label={trans.__('Delete %1', name)}
            disabled={busy}
            onClick={() => run(remove)}
          />
        </span>
      </header>
      {provider.problem && <Problem message={provider.problem} />}
      <Facts provider={provider} />
      {tests && <Tests provider={provider} />}
      <Thrown error={problem} />
    </section>
  );
}

function Facts(props: { provider: IProvider }): React.ReactElement {
  const { trans } = useFace();
  const { provider } = props;
  return (
    <dl className="wegent-Known">
      <dt>{trans.__('Address')}</dt>
      <dd className={provider.base_url ? 'wegent-mod-code' : undefined}>
        {provider.base_url
          ? unhidden(provider.base_url)
          : trans.__("the vendor's own")}
      </dd>
      <dt>{trans.__('Account')}</dt>
      <dd>{accountWord(trans, provider)}</dd>
      <dt>{trans.__('Models')}</dt>
      <dd>
        <ul className="wegent-List wegent-Names">
          {provider.models.map(model => (
            <li key={model} data-default={model === provider.default_model}>
              <code>{model}</code>
              {model === provider.default_model && (
                <span className="wegent-Small">{trans.__('default')}</span>
              )}
            </li>
          ))}
        </ul>
      </dd>
    </dl>
  );
}

function Tests(props: { provider: IProvider }): React.ReactElement {
  const { gateway, trans } = useFace();
  const { provider } = props;
  const { models } = provider;
  const [picked, pick] = React.useState<string | null>(null);
  const model =
    models.find(one => one === picked) ??
    provider.default_model ??
    models[0] ??
    '';
  return (
    <div className="wegent-Tests">
      <p className="wegent-Hint">
        {trans.__(
          'Asks the model for one word, from the device on which it will be used.'
        )}
      </p>
      {models.length > 1 && (
        <div className="wegent-Row">
          <span className="wegent-Label">{trans.__('Model')}</span>
          <Select
            label={trans.__('Model to test')}
            value={model}
            options={models.map(one => ({ value: one, label: one }))}
            onPick={pick}
          />
        </div>
      )}
      <TestFrom
        key={`${model} ${provider.updated_at}`}
        test={id => gateway.modelRest.test(provider.id, id, model)}
      />
    </div>
  );
}
