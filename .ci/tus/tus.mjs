// tus-js-client, a client that others wrote, sends a file to a running portal.
// "begin" sends the half of it and dies; "resume" is a new process that finds
// the upload, goes on where the portal is, and then tries the rest of the
// protocol. BASE, TOKEN, DATASET and WORK (a folder) come from tus.sh.
import * as tus from 'tus-js-client'
import { createHash } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { createReadStream, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'

const { BASE: base, TOKEN: token, DATASET: dataset, WORK: work } = process.env
const path = `${work}/so-lieu.csv`
const headers = { Authorization: `Bearer ${token}` }
const urlStorage = new tus.FileUrlStorage(`${work}/uploads.json`)
const check = (holds, what) => { if (!holds) { console.error('FAIL ' + what); process.exit(1) } }

if (!existsSync(path)) {
  let text = 'tram,ngay,luot\n'
  for (let i = 0; text.length < 12 << 20; i++) text += `T${String(i).padStart(6, '0')},2026-03-${String(1 + i % 28).padStart(2, '0')},${i * 7919 % 100000}\n`
  writeFileSync(path, text)
}
const size = statSync(path).size

function upload({ resume, watch, chunk, content, ...more }) {
  return new Promise((done, failed) => {
    const u = new tus.Upload(content ?? createReadStream(path), {
      endpoint: `${base}/api/v1/tus`, headers, urlStorage, uploadSize: more.uploadLengthDeferred ? undefined : size, chunkSize: 1 << 20,
      fingerprint: async () => 'so-lieu', metadata: { filename: 'số liệu.csv', dataset }, retryDelays: [0, 200, 500, 1000],
      ...more, onSuccess: () => done(u), onError: failed,
      onProgress: sent => watch?.(u, sent), onChunkComplete: (n, accepted) => chunk?.(u, accepted),
    })
    u.findPreviousUploads().then(previous => {
      if (resume) check(previous.length === 1, 'the upload that was begun is not found')
      if (resume) u.resumeFromPreviousUpload(previous[0])
      u.start()
    }, failed)
  })
}

async function state(u, want) {
  const id = u.url.split('/').pop()
  for (let i = 0; i < 300; i++) {
    const { upload } = await (await fetch(`${base}/api/v1/uploads/${id}`, { headers })).json()
    if (['published', 'waiting', 'refused'].includes(upload.state)) {
      check(want.includes(upload.state), `${id} is ${upload.state}: ${JSON.stringify(upload.problems)}`)
      return upload
    }
    await new Promise(r => setTimeout(r, 200))
  }
  check(false, `${id} is not settled`)
}

if (process.argv[2] === 'begin') {
  await upload({ chunk: (u, accepted) => { if (accepted > size / 2) process.kill(process.pid, 'SIGKILL') } })
  check(false, 'all was sent at once')
}

let first = -1
let u = await upload({ resume: true, watch: (_, sent) => { if (first < 0) first = sent } })
check(first >= size / 2 - (1 << 20), `it began again, at ${first} of ${size}`)
const sum = createHash('sha256').update(readFileSync(path)).digest('hex')
let told = await state(u, ['published'])
check(told.sha256 === sum && told.bytes === size, 'another file arrived')

// One request for all of it, its length told at the end.
const small = Buffer.from('tram,ngay,luot\nT1,2026-01-01,5\nT2,2026-01-02,7\n')
u = await upload({ content: small, uploadSize: small.length, chunkSize: Infinity, uploadDataDuringCreation: true, fingerprint: async () => 'small' })
told = await state(u, ['published', 'waiting', 'refused'])
check(told.bytes === small.length, 'creation with upload')
u = await upload({ content: createReadStream(path).pipe(new PassThrough()), uploadLengthDeferred: true, fingerprint: async () => 'deferred' })
told = await state(u, ['published'])
check(told.sha256 === sum, 'a length told later')

// Taken back: gone for good.
const back = await new Promise((done, failed) => {
  upload({ fingerprint: async () => 'back', chunk: (u, accepted) => { if (accepted > 3 << 20) u.abort(true).then(() => done(u), failed) } }).catch(failed)
})
const after = await fetch(back.url, { method: 'HEAD', headers: { ...headers, 'Tus-Resumable': '1.0.0' } })
check(after.status === 410, `an upload that was taken back answers ${after.status}`)
console.log(`tus-js-client: ${size} bytes resumed at ${first} after both sides were killed; creation with upload, deferred length, termination`)
