"""The Spark job that AWS Glue 2.0 runs: FindMatches over a table of the catalog, written as one file.

Uploaded to the bucket and run by Glue, never imported here; localglue knows it by its name and does the same with its own engine.
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-transforms-findmatches.html
"""

import sys

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from awsglueml.transforms import FindMatches
from pyspark.context import SparkContext

ARGUMENTS = ["JOB_NAME", "transform-id", "database", "table", "output-path", "output-format", "match-confidence"]


def main():
    """Read, match, write."""
    options = getResolvedOptions(sys.argv, ARGUMENTS)
    context = GlueContext(SparkContext.getOrCreate())
    job = Job(context)
    job.init(options["JOB_NAME"], options)
    source = context.create_dynamic_frame.from_catalog(
        database=options["database"], table_name=options["table"], transformation_ctx="source"
    )
    matched = FindMatches.apply(
        frame=source,
        transformId=options["transform_id"],
        transformation_ctx="matched",
        computeMatchConfidenceScores=options["match_confidence"] == "true",
    )
    # One file, so that it can be downloaded as one.
    writer = matched.toDF().coalesce(1).write.mode("overwrite")
    if options["output_format"] == "parquet":
        writer.parquet(options["output_path"])
    else:
        writer.option("header", "true").option("escape", '"').csv(options["output_path"])
    job.commit()


main()
