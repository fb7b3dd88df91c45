/** What `sluice --help` prints; fits a terminal of 80 columns and 24 lines. */
export const helpText = `Usage: sluice --upstream URL [options]
       sluice [--config FILE] [options]
       sluice check [FILE]      validate a config file, bind nothing
       sluice schema            print the JSON Schema of the config file

  --upstream URL     http://HOST:PORT, https://HOST or unix:/PATH; may repeat
  --listen ADDR      address to serve on                [127.0.0.1:8080]
  --admin ADDR|off   address of health, metrics, config [127.0.0.1:9901]
  --config FILE      config file       [./sluice.yaml if there is no --upstream]
  --plugins DIR      folder of plugins, reloaded when they change
  --state DIR        keeps the last good plugins for a start with broken ones
  --workers N|auto   reactors, one thread each                       [1]
  --no-access-log    no line per request
  --pretty           log lines for people instead of JSON
  --log-level LEVEL  debug, info, warn, error or silent           [info]
  --version          print the version
  --help             print this

Every option has a variable: --log-level is SLUICE_LOG_LEVEL. An option beats
its variable, which beats the file. ADDR is HOST:PORT, :PORT or unix:/PATH.
SIGHUP reloads the file, SIGTERM drains and ends.
Exit codes: 0 done, 1 failure, 2 usage, 78 invalid config.
`;
