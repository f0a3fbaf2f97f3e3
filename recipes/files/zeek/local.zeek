@load policy/tuning/json-logs
@load policy/protocols/ssl/validate-certs
@load policy/protocols/ssh/detect-bruteforcing
@load policy/protocols/conn/community-id-logging
@load policy/frameworks/software/vulnerable
redef Log::default_rotation_interval = 1 hr;
redef Log::default_rotation_dir = "/logs/old";
