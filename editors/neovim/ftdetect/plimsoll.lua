-- Files with environment variables that Neovim 0.11 gives no filetype. They get that of `.env`, so that language
-- servers attach.
vim.filetype.add({
  pattern = {
    -- Only where the extension says nothing: `.env.ts` is a program.
    ['.*/%.env%.[%w_-]+'] = { 'sh', { priority = -10 } },
    ['.*/env%.[%w_-]+'] = { 'sh', { priority = -10 } },
  },
})
