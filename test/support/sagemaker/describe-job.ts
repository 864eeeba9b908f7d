import type { TrainingJob } from './training-job.ts';

/** A job as DescribeTrainingJob answers it: times in seconds, the last value of each metric that a definition finds. */
export function describeJob(job: TrainingJob): object {
  const { request, startedAt, endedAt } = job;
  const seconds = startedAt && endedAt ? Math.ceil((endedAt.getTime() - startedAt.getTime()) / 1000) : undefined;
  return {
    TrainingJobName: request.TrainingJobName,
    TrainingJobArn: job.arn,
    TrainingJobStatus: job.status,
    SecondaryStatus: job.secondaryStatus,
    SecondaryStatusTransitions: job.transitions.map(({ status, at, message }, index) => ({
      Status: status,
      StartTime: at.getTime() / 1000,
      EndTime: job.transitions[index + 1] && job.transitions[index + 1]!.at.getTime() / 1000,
      StatusMessage: message,
    })),
    FailureReason: job.failureReason,
    AlgorithmSpecification: request.AlgorithmSpecification,
    RoleArn: request.RoleArn,
    InputDataConfig: request.InputDataConfig,
    OutputDataConfig: request.OutputDataConfig,
    ResourceConfig: request.ResourceConfig,
    StoppingCondition: request.StoppingCondition,
    HyperParameters: request.HyperParameters,
    EnableManagedSpotTraining: request.EnableManagedSpotTraining,
    CheckpointConfig: request.CheckpointConfig,
    Environment: request.Environment,
    ModelArtifacts: job.artifactUri === undefined ? undefined : { S3ModelArtifacts: job.artifactUri },
    CreationTime: job.createdAt.getTime() / 1000,
    TrainingStartTime: startedAt && startedAt.getTime() / 1000,
    TrainingEndTime: endedAt && endedAt.getTime() / 1000,
    TrainingTimeInSeconds: seconds,
    BillableTimeInSeconds: seconds,
    FinalMetricDataList: metricsOf(job),
  };
}

function metricsOf({ request, output }: TrainingJob): object[] {
  const definitions = request.AlgorithmSpecification.MetricDefinitions ?? [];
  return definitions.flatMap(({ Name, Regex }) => {
    const last = [...output.matchAll(new RegExp(Regex, 'g'))].at(-1);
    return last ? [{ MetricName: Name, Value: Number(last[1]), Timestamp: Date.now() / 1000 }] : [];
  });
}
