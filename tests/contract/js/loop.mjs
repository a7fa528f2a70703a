// The active-learning loop through @aws-sdk/client-glue, which finds the server by aws.env. Argument: JSON with what the test has prepared. Fails by exception.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import * as glue from "@aws-sdk/client-glue";

const { database, table, labels, output, role } = JSON.parse(process.argv[2]);
const client = new glue.GlueClient({ maxAttempts: 1 });
const call = (Command, input = {}) => client.send(new Command(input));

const begun = Date.now();
const { TransformId } = await call(glue.CreateMLTransformCommand, {
  Name: "from JavaScript",
  Role: role,
  InputRecordTables: [{ DatabaseName: database, TableName: table }],
  Parameters: { TransformType: "FIND_MATCHES", FindMatchesParameters: { PrimaryKeyColumnName: "id", PrecisionRecallTradeoff: 0.5 } },
  Tags: { made: "by JavaScript" },
});
assert.match(TransformId, /^tfm-[0-9a-f]{40}$/);

async function ended(TaskRunId) {
  for (;;) {
    const run = await call(glue.GetMLTaskRunCommand, { TransformId, TaskRunId });
    if (!["STARTING", "RUNNING", "STOPPING"].includes(run.Status)) return run;
    await pause(100);
  }
}

async function refused(Command, input, Expected, message) {
  await assert.rejects(call(Command, input), (error) => {
    assert.ok(error instanceof Expected, `${error.name} is not ${Expected.name}`);
    assert.equal(error.name, Expected.name);
    assert.match(error.Message ?? error.message, message);
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
    return true;
  });
}

// Typed exceptions, and those that every AWS service shares.
await refused(glue.GetMLTransformCommand, { TransformId: "tfm-0" }, glue.EntityNotFoundException, /Cannot find MLTransform/);
await refused(glue.StartMLEvaluationTaskRunCommand, { TransformId }, glue.MLTransformNotReadyException, /in a READY state/);
await refused(glue.CreateDatabaseCommand, { DatabaseInput: { Name: database } }, glue.AlreadyExistsException, /already exists/);
await refused(
  glue.StartImportLabelsTaskRunCommand, { TransformId, InputS3Path: "file:///etc/passwd" }, glue.InvalidInputException, /Invalid label file path/,
);
await assert.rejects(call(glue.GetMLTransformsCommand, { MaxResults: 1001 }), { name: "ValidationException" });
const stranger = new glue.GlueClient({
  credentials: { accessKeyId: "AKIANOBODY", secretAccessKey: "x" },
  maxAttempts: 1,
});
await assert.rejects(stranger.send(new glue.GetDatabasesCommand({})), { name: "UnrecognizedClientException" });

// Ask, import, estimate.
const kinds = [];
for (const [Command, input] of [
  [glue.StartMLLabelingSetGenerationTaskRunCommand, { OutputS3Path: `${output}questions/` }],
  [glue.StartImportLabelsTaskRunCommand, { InputS3Path: labels, ReplaceAllLabels: true }],
  [glue.StartMLEvaluationTaskRunCommand, {}],
  [glue.StartExportLabelsTaskRunCommand, { OutputS3Path: `${output}export/` }],
]) {
  const run = await ended((await call(Command, { TransformId, ...input })).TaskRunId);
  assert.equal(run.Status, "SUCCEEDED", run.ErrorString);
  kinds.push(run.Properties.TaskType);
  // Times are Date, which the SDK makes of numbers only.
  for (const time of [run.StartedOn, run.LastModifiedOn, run.CompletedOn]) {
    assert.ok(time instanceof Date);
    assert.ok(time.getTime() >= begun - 1000 && time.getTime() <= Date.now() + 1000, time.toISOString());
  }
}
const transform = await call(glue.GetMLTransformCommand, { TransformId });
assert.equal(transform.Status, "READY");
assert.ok(transform.CreatedOn instanceof Date && transform.CreatedOn <= transform.LastModifiedOn);
const metrics = transform.EvaluationMetrics.FindMatchesMetrics;
assert.ok(metrics.F1 > 0 && metrics.F1 <= 1);
assert.equal(typeof metrics.ConfusionMatrix.NumTruePositives, "number");

// Pages, latest first, by the SDK's own paginator where it has one and by hand where it has none.
const seen = [];
let NextToken;
do {
  const page = await call(glue.GetMLTaskRunsCommand, { TransformId, MaxResults: 3, NextToken });
  assert.ok(page.TaskRuns.length <= 3);
  seen.push(...page.TaskRuns.map((run) => run.Properties.TaskType));
  NextToken = page.NextToken;
} while (NextToken);
assert.deepEqual(seen, kinds.toReversed());
const since = await call(glue.GetMLTaskRunsCommand, { TransformId, Filter: { StartedAfter: new Date(begun - 60_000), TaskRunType: "EVALUATION" } });
assert.equal(since.TaskRuns.length, 1);
const listed = await call(glue.ListMLTransformsCommand, { Tags: { made: "by JavaScript" } });
assert.deepEqual(listed.TransformIds, [TransformId]);

await call(glue.DeleteMLTransformCommand, { TransformId });
await refused(glue.GetMLTransformCommand, { TransformId }, glue.EntityNotFoundException, /Cannot find MLTransform/);
console.log(JSON.stringify({ TransformId, labels: transform.LabelCount, kinds }));
