"""One module for each thing outside; the only importers of boto3, requests and ringcentral."""
