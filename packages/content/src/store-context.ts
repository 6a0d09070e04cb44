import type { Clock, Logger } from "@wherry/base";
import type { IngestFiles } from "./ingest-files.ts";
import type { MetadataDatabase } from "./metadata-database.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import type { StorePaths } from "./store-paths.ts";

/** What the parts of one open store share. */
export interface StoreContext {
  readonly paths: StorePaths;
  readonly database: MetadataDatabase;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly process: ProcessIdentity;
  readonly files: IngestFiles;
}
