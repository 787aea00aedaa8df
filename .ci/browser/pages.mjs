// Opens every page of a running demo in a real browser: both languages, phone
// and desk, light and dark. No accessibility violation, no request to another
// host, no error in the console, no sideways scrolling; and a citizen without
// accents finds a dataset and downloads it. SHOTS=folder keeps screenshots.
import { chromium } from 'playwright-core'
import { createRequire } from 'node:module'
import { mkdirSync, readFileSync } from 'node:fs'

const base = process.env.BASE ?? 'http://127.0.0.1:8080'
const shots = process.env.SHOTS
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const pages = ['/', '/datasets', '/datasets?q=dan+so', '/datasets?q=khongcogi', '/datasets/khai-sinh-2026', '/datasets/dan-so-dien-tich-34-tinh',
  '/datasets/truong-hoc/v/1', '/organizations', '/organizations/so-tu-phap-minh-hoa', '/developers', '/about', '/problems/not-found', '/khong-co']
const sizes = [{ width: 360, height: 740 }, { width: 1280, height: 900 }]
let failed = 0, passed = 0
const fail = (what, why) => { failed++; console.error(`FAIL ${what}: ${why}`) }

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
for (const viewport of sizes) for (const colorScheme of ['light', 'dark']) {
  const context = await browser.newContext({ viewport, colorScheme, bypassCSP: true })
  for (const lang of ['', '/en']) for (const path of pages) {
    const address = base + lang + (path === '/' && lang ? '/' : path)
    const what = `${lang || '/vi'}${path} ${viewport.width} ${colorScheme}`
    const page = await context.newPage()
    page.on('request', r => { if (!r.url().startsWith(base) && !r.url().startsWith('data:')) fail(what, 'asks another host: ' + new URL(r.url()).host) })
    page.on('pageerror', e => fail(what, e.message))
    const answer = await page.goto(address)
    const wanted = path === '/khong-co' ? 404 : 200
    if (answer.status() !== wanted) fail(what, `status ${answer.status()}`)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    if (wide > 0) fail(what, `scrolls sideways by ${wide} px`)
    const htmlLang = await page.getAttribute('html', 'lang')
    if (htmlLang !== (lang ? 'en' : 'vi') && path !== '/khong-co') fail(what, `lang ${htmlLang}`)
    if (colorScheme === 'light' || viewport.width === 1280) {
      await page.evaluate(axe)
      const { violations } = await page.evaluate(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }))
      for (const v of violations) fail(what, `${v.id}: ${v.nodes.slice(0, 3).map(n => n.target.join(' ')).join(' | ')}`)
    }
    if (shots) {
      mkdirSync(shots, { recursive: true })
      await page.screenshot({ path: `${shots}/${(lang || '/vi').slice(1)}${path.replace(/[^a-z0-9]+/g, '-')}-${viewport.width}-${colorScheme}.png`, fullPage: true })
    }
    passed++
    await page.close()
  }
  await context.close()
}

// Under the policy that visitors get: nothing is stopped, and the data for
// search engines, which is no script, is there.
{
  const context = await browser.newContext({ viewport: sizes[1] })
  for (const path of pages) {
    const page = await context.newPage()
    page.on('console', m => { if (/Content.Security.Policy/i.test(m.text())) fail(path, m.text()) })
    await page.goto(base + path)
    const blocks = await page.locator('script[type="application/ld+json"]').allTextContents()
    if (blocks.length !== (/^\/datasets\/[^/]+$/.test(path) ? 1 : 0)) fail(path, `${blocks.length} blocks of structured data`)
    for (const b of blocks) if (JSON.parse(b)['@type'] !== 'Dataset') fail(path, 'structured data of something else')
    passed++
    await page.close()
  }
  await context.close()
}

// A citizen on a phone, without accents and without JavaScript.
const context = await browser.newContext({ viewport: sizes[0], javaScriptEnabled: false, acceptDownloads: true })
const page = await context.newPage()
await page.goto(base + '/')
await page.fill('input[name=q]', 'truong hoc')
await page.click('form[role=search] button')
const first = page.locator('main a[href^="/datasets/"]').first()
if (!(await first.getAttribute('href')).startsWith('/datasets/truong-hoc')) fail('citizen', 'does not find the schools first')
await first.click()
const download = page.waitForEvent('download')
await page.locator('main a[href$=".csv"]').first().click()
const file = await download
const text = readFileSync(await file.path(), 'utf8')
if (!text.startsWith('ma_truong,')) fail('citizen', 'gets another file')
await browser.close()
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
