"""Every RingCentral call recording in your own S3 bucket, verified and playable."""
