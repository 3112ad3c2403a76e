-- Runs inside Neovim with the project's compose.yaml open. Prints the first check that fails and exits
-- with 1.
local function fail(text, ...)
  io.stdout:write(text:format(...), '\n')
  for _, d in ipairs(vim.diagnostic.get(0)) do
    io.stdout:write(('  %d:%d-%d %s %s\n'):format(d.lnum, d.col, d.end_col, tostring(d.code), d.message))
  end
  vim.cmd('cquit 1')
end

local function equal(what, found, expected)
  if not vim.deep_equal(found, expected) then
    fail('%s: expected %s, found %s', what, vim.inspect(expected), vim.inspect(found))
  end
end

local function finding(code)
  for _, d in ipairs(vim.diagnostic.get(0)) do
    if d.code == code then
      return d
    end
  end
end

local function wait(what, condition)
  if not vim.wait(10000, condition, 10) then
    fail('%s did not happen within 10 s', what)
  end
end

local function line_of(text)
  for number, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
    local column = line:find(text, 1, true)
    if column then
      return number - 1, column - 1, line
    end
  end
  fail('`%s` is not in the buffer', text)
end

wait('a finding PLM002', function() return finding('PLM002') end)
local client = vim.lsp.get_clients({ name = 'plimsoll', bufnr = 0 })[1]
equal('the negotiated encoding', client.offset_encoding, 'utf-8')
equal('the root', vim.fs.basename(client.root_dir), 'project')

-- The range is exactly that of the second key, although there is an emoji before it.
local lnum, _, line = line_of('GREETING: hello')
local column = line:find('GREETING: hello', 1, true) - 1
local twice = finding('PLM002')
equal('its range', { twice.lnum, twice.col, twice.end_lnum, twice.end_col }, { lnum, column, lnum, column + 8 })
equal('its source', twice.source, 'plimsoll')
equal('its severity', twice.severity, vim.diagnostic.severity.ERROR)

-- `K` explains the finding.
vim.api.nvim_win_set_cursor(0, { lnum + 1, column })
local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
local hover = client:request_sync('textDocument/hover', params, 10000, 0)
if not (hover and hover.result and hover.result.contents.value:find('PLM002', 1, true)) then
  fail('the hover does not explain PLM002: %s', vim.inspect(hover))
end

-- A fix is offered and applied, and the finding goes away.
wait('a finding PLM101', function() return finding('PLM101') end)
local early = finding('PLM101')
vim.api.nvim_win_set_cursor(0, { early.lnum + 1, early.col })
local chosen
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action)
    chosen = chosen or action
    return action == chosen
  end,
})
wait('the fix of PLM101', function() return not finding('PLM101') end)
line_of('service_healthy')

-- Typing the correction makes the other finding go away.
local corrected = vim.api.nvim_buf_get_lines(0, lnum, lnum + 1, false)[1]:gsub(', GREETING: hello', '')
vim.api.nvim_buf_set_lines(0, lnum, lnum + 1, false, { corrected })
wait('the end of PLM002', function() return not finding('PLM002') end)

io.stdout:write('every check holds\n')
vim.cmd('qall!')
