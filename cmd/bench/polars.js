// The harder rival. Types over the whole file, dates too, Parquet with zstd.
const [, , folder, input, output] = process.argv;
const pl = require(require.resolve("nodejs-polars", { paths: [folder] }));
if (!input) process.exit(0); // asked only whether it is there
pl.readCSV(input, { inferSchemaLength: null, tryParseDates: true }).writeParquet(output, { compression: "zstd" });
