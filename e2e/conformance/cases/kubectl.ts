/** What a person types: the real kubectl, on both servers. */
import type { Case, KubectlStep } from '../case.ts';
import { ABSENT, exactly, has } from '../match.ts';
import { MERGE, core, made, madeCore, widget } from './objects.ts';

const run = (kubectl: KubectlStep['kubectl'], more: Partial<KubectlStep> = {}): KubectlStep => ({ kubectl, ...more });
const NAME = 'widget.example.com/{name}';
const shown = (answer: unknown): Case['steps'][number] => ({ ask: 'GET {widgets}/{name}', code: 200, answer });
const READY = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };

export const kubectl: Case[] = [
  {
    says: 'kubectl apply creates, says when nothing changed, configures, and takes out what is left out',
    steps: [
      run('apply -f -', { stdin: widget({ tags: ['a'], low: 1 }), out: `${NAME} created\n` }),
      run('apply -f -', { stdin: widget({ tags: ['a'], low: 1 }), out: `${NAME} unchanged\n` }),
      run('apply -f -', { stdin: widget({ tags: ['b'], size: 5 }), out: `${NAME} configured\n` }),
      shown({
        spec: exactly({ size: 5, color: 'red', tags: ['b'] }),
        metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': /"size":5/ } },
      }),
    ],
  },
  {
    says: 'kubectl apply names a field that the kind does not have',
    steps: [run('apply -f -', { stdin: widget({ bogus: 1 }), exit: 1, err: /strict decoding error: unknown field "spec.bogus"/ })],
  },
  {
    says: 'kubectl apply --validate=false lets the server drop the field, and shows its warning',
    steps: [
      run('apply --validate=warn -f -', { stdin: widget({ bogus: 1 }), out: `${NAME} created\n`, err: /unknown field "spec.bogus"/ }),
    ],
  },
  {
    says: 'kubectl apply shows the sentence of a refusal',
    steps: [
      run('apply -f -', {
        stdin: widget({ low: 4 }),
        exit: 1,
        err: /The Widget "{name}" is invalid: spec: Invalid value: low must not exceed size/,
      }),
    ],
  },
  {
    says: 'kubectl apply --server-side creates, changes, and shows conflicts until it forces',
    steps: [
      run('apply --server-side -f -', { stdin: widget({ size: 3 }), out: `${NAME} serverside-applied\n` }),
      run('apply --server-side -f -', { stdin: widget({ size: 4 }), out: `${NAME} serverside-applied\n` }),
      run('apply --server-side --field-manager=other -f -', {
        stdin: widget({ size: 5 }),
        exit: 1,
        err: /Apply failed with 1 conflict: conflict with "kubectl": .spec.size/,
      }),
      run('apply --server-side --field-manager=other --force-conflicts -f -', {
        stdin: widget({ size: 5 }),
        out: `${NAME} serverside-applied\n`,
      }),
      shown({ spec: { size: 5 } }),
    ],
  },
  {
    says: 'kubectl apply --server-side takes over what kubectl apply wrote before',
    steps: [
      run('apply -f -', { stdin: widget({ size: 3, low: 1 }) }),
      run('apply --server-side -f -', { stdin: widget({ size: 4 }), out: `${NAME} serverside-applied\n` }),
      shown({ spec: exactly({ size: 4, color: 'red' }) }),
    ],
  },
  {
    says: 'kubectl apply of a built-in kind patches it with a strategic merge',
    steps: [
      run('apply -f -', { stdin: core('Node', {}, { labels: { a: '1', b: '2' } }), out: 'node/{name} created\n' }),
      run('apply -f -', { stdin: core('Node', {}, { labels: { a: '1' } }), out: 'node/{name} configured\n' }),
      { ask: 'GET /api/v1/nodes/{name}', code: 200, answer: { metadata: { labels: { a: '1', b: ABSENT } } } },
    ],
  },
  {
    says: 'kubectl apply --dry-run=server changes nothing',
    steps: [
      run('apply --dry-run=server -f -', { stdin: widget(), out: `${NAME} created (server dry run)\n` }),
      { ask: 'GET {widgets}/{name}', code: 404 },
    ],
  },
  {
    says: 'kubectl apply --prune removes what is no longer applied',
    steps: [
      run('apply --prune -l app=x --prune-allowlist=core/v1/ConfigMap -f -', {
        stdin: [core('ConfigMap', {}, { name: 'one', labels: { app: 'x' } }), core('ConfigMap', {}, { name: 'two', labels: { app: 'x' } })],
      }),
      run('apply --prune -l app=x --prune-allowlist=core/v1/ConfigMap -f -', {
        stdin: core('ConfigMap', {}, { name: 'one', labels: { app: 'x' } }),
        out: 'configmap/one unchanged\nconfigmap/two pruned\n',
      }),
    ],
  },
  {
    says: 'kubectl create refuses what is there, replace needs it',
    steps: [
      run('create -f -', { stdin: widget(), out: `${NAME} created\n` }),
      run('create -f -', {
        stdin: widget(),
        exit: 1,
        err: 'Error from server (AlreadyExists): error when creating "STDIN": widgets.example.com "{name}" already exists\n',
      }),
      run('replace -f -', { stdin: widget({ size: 7 }), out: `${NAME} replaced\n` }),
      shown({ spec: { size: 7 } }),
    ],
  },
  {
    says: 'kubectl create namespace, configmap, secret, serviceaccount and token',
    steps: [
      run('create namespace {ns}-made', { out: 'namespace/{ns}-made created\n' }),
      run('create configmap {name} --from-literal=a=b', { out: 'configmap/{name} created\n' }),
      run('create secret generic {name} --from-literal=a=b', { out: 'secret/{name} created\n' }),
      run('create serviceaccount {name}', { out: 'serviceaccount/{name} created\n' }),
      run('create token {name} --duration=15m', { out: /^[\w-]+\.[\w-]+\.[\w-]+$/ }),
    ],
  },
  {
    says: 'kubectl get shows the columns of the kind, wide ones where asked',
    steps: [
      made(),
      { ask: 'PATCH {widgets}/{name}/status', type: MERGE, body: { status: { phase: 'A', ...READY.status } }, code: 200 },
      run('get wd', { out: /^NAME +SIZE +PHASE +READY +AGE\n{name} +3 +A +True +\d+s\n$/ }),
      run('get widgets.v1.example.com {name} -o wide', { out: /^NAME +SIZE +PHASE +COLOR +READY +AGE\n{name} +3 +A +red +True +\d+s\n$/ }),
      run('get wd {name} --no-headers -o custom-columns=N:.metadata.name,S:.spec.size', { out: '{name}   3\n' }),
    ],
  },
  {
    says: 'kubectl get -o json, yaml, name and jsonpath',
    steps: [
      made(),
      run('get wd {name} -o json', {
        json: { apiVersion: 'example.com/v1', kind: 'Widget', spec: { size: 3 }, metadata: { managedFields: ABSENT } },
      }),
      run('get wd -o json', { json: { kind: 'List', items: [{ kind: 'Widget' }] } }),
      run('get wd {name} -o yaml', { out: /^apiVersion: example.com\/v1\nkind: Widget\n/ }),
      run('get wd -o name', { out: `${NAME}\n` }),
      run("get wd {name} -o jsonpath='{.spec.color}'".replace(/'/g, ''), { out: 'red' }),
      run('get wd {name} -o yaml --show-managed-fields', { out: /managedFields:\n/ }),
    ],
  },
  {
    says: 'kubectl get selects by label and field, sorts, pages, and spans namespaces',
    steps: [
      { ask: 'POST {widgets}', body: widget({ size: 5 }, { name: 'a', labels: { env: 'x' } }), code: 201 },
      { ask: 'POST {widgets}', body: widget({ size: 4 }, { name: 'b' }), code: 201 },
      run('get wd -l env=x -o name', { out: 'widget.example.com/a\n' }),
      run('get wd --field-selector metadata.name=b -o name', { out: 'widget.example.com/b\n' }),
      run('get wd --sort-by=.spec.size -o name', { out: 'widget.example.com/b\nwidget.example.com/a\n' }),
      run('get wd --chunk-size=1 -o name', { out: 'widget.example.com/a\nwidget.example.com/b\n' }),
      run('get wd -A --field-selector metadata.namespace={ns} --no-headers', { out: /^{ns} +a .*\n{ns} +b .*\n$/ }),
      run('get wd -L env', { out: /ENV\na .* x\nb / }),
    ],
  },
  {
    says: 'kubectl get of what is not there says so',
    steps: [
      run('get wd {name}', { exit: 1, err: 'Error from server (NotFound): widgets.example.com "{name}" not found\n' }),
      run('get wd', { out: '', err: 'No resources found in {ns} namespace.\n' }),
      run('get wd {name} --ignore-not-found', { out: '' }),
      run('get gizmos', { exit: 1, err: 'error: the server doesn\'t have a resource type "gizmos"\n' }),
    ],
  },
  {
    says: 'kubectl get of built-in kinds shows their columns',
    steps: [
      run('create secret generic s --from-literal=a=b'),
      run('create configmap c --from-literal=a=b --from-literal=c=d'),
      run('get secret s', { out: /^NAME +TYPE +DATA +AGE\ns +Opaque +1 +\d+s\n$/ }),
      run('get cm c', { out: /^NAME +DATA +AGE\nc +2 +\d+s\n$/ }),
      run('get ns {ns}', { out: /^NAME +STATUS +AGE\n{ns} +Active +\d+s\n$/ }),
      madeCore('/api/v1/nodes', 'Node', { spec: { unschedulable: true }, status: READY.status }),
      run('get node {name}', { out: /^NAME +STATUS +ROLES +AGE +VERSION\n{name} +Ready,SchedulingDisabled +<none> +\d+s +\n$/ }),
    ],
  },
  {
    says: 'kubectl get --watch follows an object',
    steps: [
      made(),
      run('get wd {name} -w --no-headers --output-watch-events', { background: true }),
      { hear: /^ADDED/ },
      { ask: 'PATCH {widgets}/{name}', type: MERGE, body: { spec: { size: 7 } }, code: 200 },
      { ask: 'DELETE {widgets}/{name}', code: 200 },
      { hear: /^DELETED.*\n/m },
      { finish: 'stop', out: /^ADDED +{name} +3 .*\nMODIFIED +{name} +7 .*\nDELETED +{name} +7 .*\n$/ },
    ],
  },
  {
    says: 'kubectl describe shows object and events',
    steps: [
      made({}, { labels: { a: 'b' } }),
      {
        ask: 'POST {core}/events',
        body: core('Event', {
          involvedObject: { apiVersion: 'example.com/v1', kind: 'Widget', namespace: '{ns}', name: '{name}', uid: '{uid}' },
          reason: 'Painted',
          message: 'it is red now',
          type: 'Normal',
          source: { component: 'painter' },
        }),
        code: 201,
      },
      run('describe wd {name}', {
        out: /^Name: +{name}\nNamespace: +{ns}\nLabels: +a=b\n[^]*Color: +red\n[^]*Normal +Painted .*it is red now/,
      }),
      run('events --for=widget/{name}', { out: /Painted +Widget\/{name} +it is red now/ }),
    ],
  },
  {
    says: 'kubectl describe of a Node and of a Secret',
    steps: [
      madeCore('/api/v1/nodes', 'Node', {}, { labels: { a: 'b' } }),
      run('describe node {name}', { out: /^Name: +{name}\n[^]*Labels: +a=b\n[^]*Taints: / }),
      madeCore('{core}/secrets', 'Secret', { stringData: { a: 'b' } }),
      run('describe secret {name}', { out: /Type: +Opaque\n\nData\n====\na: +1 bytes\n/ }),
    ],
  },
  {
    says: 'kubectl wait sees a condition, a field and a deletion',
    steps: [
      made(),
      run('wait wd/{name} --for=condition=Ready --timeout=20s', { background: true }),
      { ask: 'PATCH {widgets}/{name}/status', type: MERGE, body: { status: { phase: 'A', ...READY.status } }, code: 200 },
      { finish: true, out: `${NAME} condition met\n` },
      run('wait wd/{name} --for=jsonpath={.status.phase}=A --timeout=20s', { out: `${NAME} condition met\n` }),
      run('wait wd/{name} --for=delete --timeout=20s', { background: true }),
      { ask: 'DELETE {widgets}/{name}', code: 200 },
      { finish: true },
    ],
  },
  {
    says: 'kubectl wait gives up in time',
    steps: [
      made(),
      run('wait wd/{name} --for=condition=Ready --timeout=1s', { exit: 1, err: /timed out waiting for the condition on widgets\/{name}/ }),
    ],
  },
  {
    says: 'kubectl diff shows what an apply would change, and nothing where it changes nothing',
    steps: [
      run('apply -f -', { stdin: widget() }),
      run('diff -f -', { stdin: widget({ size: 9 }), exit: 1, out: /- {2}size: 3\n\+ {2}size: 9\n/ }),
      run('diff -f -', { stdin: widget(), out: '' }),
      run('diff --server-side -f -', { stdin: widget({ size: 9 }), exit: 1, out: /\+ {2}size: 9\n/ }),
      shown({ spec: { size: 3 } }),
    ],
  },
  {
    says: 'kubectl patch of all types, also of the status',
    steps: [
      made(),
      run(['patch', 'wd', '{name}', '--type=merge', '-p', '{"spec":{"size":6}}'], { out: `${NAME} patched\n` }),
      run(['patch', 'wd', '{name}', '--type=merge', '-p', '{"spec":{"size":6}}'], { out: `${NAME} patched (no change)\n` }),
      run(['patch', 'wd', '{name}', '--type=json', '-p', '[{"op":"replace","path":"/spec/color","value":"green"}]'], {
        out: `${NAME} patched\n`,
      }),
      run(['patch', 'wd', '{name}', '--subresource=status', '--type=merge', '-p', '{"status":{"phase":"B"}}'], {
        out: `${NAME} patched\n`,
      }),
      shown({ spec: { size: 6, color: 'green' }, status: { phase: 'B' } }),
      madeCore('/api/v1/nodes', 'Node'),
      run(['patch', 'node', '{name}', '-p', '{"spec":{"unschedulable":true}}'], { out: 'node/{name} patched\n' }),
      run(['patch', 'wd', '{name}', '-p', '{"spec":{"size":6}}'], {
        exit: 1,
        err: /UnsupportedMediaType|application\/strategic-merge-patch\+json is not supported/,
      }),
    ],
  },
  {
    says: 'kubectl label and annotate add, refuse to overwrite, overwrite, and remove',
    steps: [
      made(),
      run('label wd {name} a=b', { out: `${NAME} labeled\n` }),
      run('label wd {name} a=b', { out: `${NAME} not labeled\n` }),
      run('label wd {name} a=c', { exit: 1, err: "error: 'a' already has a value (b), and --overwrite is false\n" }),
      run('label wd {name} a=c --overwrite', { out: `${NAME} labeled\n` }),
      run('label wd {name} a-', { out: `${NAME} unlabeled\n` }),
      run('annotate wd {name} x/y=z', { out: `${NAME} annotated\n` }),
      shown({ metadata: { labels: ABSENT, annotations: { 'x/y': 'z' } } }),
      run('annotate wd {name} x/y-', { out: `${NAME} annotated\n` }),
    ],
  },
  {
    says: 'kubectl edit changes what the editor leaves',
    steps: [made(), run(['edit', 'wd', '{name}'], { out: `${NAME} edited\n`, editor: 's/size: 3/size: 8/' }), shown({ spec: { size: 8 } })],
  },
  {
    says: 'kubectl taint, cordon and uncordon',
    steps: [
      madeCore('/api/v1/nodes', 'Node'),
      run('taint node {name} k=v:NoSchedule', { out: 'node/{name} tainted\n' }),
      { ask: 'GET /api/v1/nodes/{name}', code: 200, answer: { spec: { taints: has({ key: 'k', value: 'v', effect: 'NoSchedule' }) } } },
      run('cordon {name}', { out: 'node/{name} cordoned\n' }),
      run('uncordon {name}', { out: 'node/{name} uncordoned\n' }),
      run('taint node {name} k-', { out: 'node/{name} untainted\n' }),
    ],
  },
  {
    says: 'kubectl delete waits for the object to go, by name, selector and file',
    steps: [
      { ask: 'POST {widgets}', body: widget({}, { name: 'a', labels: { env: 'x' } }), code: 201 },
      { ask: 'POST {widgets}', body: widget({}, { name: 'b', labels: { env: 'x' } }), code: 201 },
      made(),
      run('delete wd -l env=x', { out: /^widget.example.com "a" deleted.*\nwidget.example.com "b" deleted.*\n$/ }),
      run('delete wd {name}', { out: /^widget.example.com "{name}" deleted/ }),
      run('delete wd {name}', { exit: 1, err: 'Error from server (NotFound): widgets.example.com "{name}" not found\n' }),
      run('delete -f - --ignore-not-found', { stdin: widget() }),
    ],
  },
  {
    says: 'kubectl delete --wait=false leaves an object with a finalizer going',
    steps: [
      made({}, { finalizers: ['a.b/c'] }),
      run('delete wd {name} --wait=false', { out: /^widget.example.com "{name}" deleted/ }),
      shown({ metadata: { deletionTimestamp: /Z$/ } }),
      run(['patch', 'wd', '{name}', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']),
      { ask: 'GET {widgets}/{name}', code: 404 },
    ],
  },
  {
    says: 'kubectl explain reads the schema',
    steps: [
      run('explain widgets.spec.size', {
        out: /GROUP: +example.com\nKIND: +Widget\nVERSION: +v1\n\nFIELD: size <integer>\n+DESCRIPTION:\n +How large\./,
      }),
      run('explain wd.spec', { out: /FIELD: spec <Object>[^]*What is wanted\.[^]*color\t<string>\n +enum: red, green/ }),
      run('explain wd.spec.bogus', { exit: 1, err: /field "bogus" does not exist/ }),
      run('explain node', { out: /KIND: +Node\nVERSION: +v1/ }),
    ],
  },
  {
    says: 'kubectl api-resources and api-versions',
    steps: [
      run('api-resources --api-group=example.com --no-headers', { out: /^widgets +wd +example.com\/v1 +true +Widget\n$/ }),
      run('api-resources --api-group=example.com -o wide --no-headers', { out: /Widget +(create|delete),.*watch.* all\n$/ }),
      run('api-versions', { out: /\nexample.com\/v1\n[^]*v1\n$/ }),
      run('version', { out: /Server Version: v1\.\d+/ }),
    ],
  },
  {
    says: 'kubectl auth whoami and can-i',
    steps: [
      run('auth whoami -o json', { json: { kind: 'SelfSubjectReview', status: { userInfo: { groups: has('system:masters') } } } }),
      run('auth can-i list nodes', { out: 'yes\n' }),
    ],
  },
];
