-- A user's setup: the configuration on the runtime path, and one line that enables it.
local here = vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2))
vim.opt.runtimepath:prepend(vim.fs.dirname(here))
vim.lsp.enable('plimsoll')
