-- Opens a plan in Neovim with the language server attached, does what a reader would do, and writes down what came of it.
local function answer(method, params)
  local replies = vim.lsp.buf_request_sync(0, method, params, 20000) or {}
  for _, reply in pairs(replies) do return reply.result end
end

local function at(words, offset)
  for index, text in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
    local column = text:find(words, 1, true)
    if column then
      return {
        textDocument = vim.lsp.util.make_text_document_params(),
        position = { line = index - 1, character = column - 1 + (offset or 0) },
      }
    end
  end
  error('no line says ' .. words)
end

local function messages()
  return vim.tbl_map(function(one) return { code = one.code, lnum = one.lnum, message = one.message } end, vim.diagnostic.get(0))
end

local function await(holds)
  return vim.wait(30000, holds, 20)
end

local function has(code)
  for _, one in ipairs(messages()) do if one.code == code then return true end end
  return false
end

local function run()
  local id
  local found = {}
  -- What the README says is wanted; Neovim 0.7 has the two halves of it alone.
  vim.lsp.start = function(config)
    config.cmd = vim.list_extend(vim.fn.json_decode(vim.env.MEMPLAN_COMMAND), vim.list_slice(config.cmd, 2))
    id = vim.lsp.start_client(config)
    found.attached = vim.lsp.buf_attach_client(0, id)
  end
  dofile(vim.env.MEMPLAN_README)
  vim.cmd('edit ' .. vim.env.MEMPLAN_FILE)
  -- 0.7 does not look by itself among what was added.
  if vim.bo.filetype == '' then vim.filetype.match(vim.fn.expand('%:p'), 0) end
  found.exceeds = await(function() return has('exceeds-memory') end)
  found.diagnostics = messages()

  found.hover = answer('textDocument/hover', at('checkpoint'))
  local completion = answer('textDocument/completion', at('checkpoint'))
  found.completion = vim.tbl_map(function(item) return item.label end, completion.items or completion)

  -- A mistake is typed, seen and mended by its quick fix.
  local place = at('adamw8bit')
  local line = place.position.line
  local text = vim.api.nvim_buf_get_lines(0, line, line + 1, false)[1]
  vim.api.nvim_buf_set_lines(0, line, line + 1, false, { (text:gsub('adamw8bit', 'adamw8bti')) })
  found.mistake = await(function() return has('unknown-technique') end)
  local wrong = at('adamw8bti')
  local actions = answer('textDocument/codeAction', {
    textDocument = wrong.textDocument,
    range = { start = wrong.position, ['end'] = wrong.position },
    context = { diagnostics = {} },
  })
  found.actions = vim.tbl_map(function(action) return action.title end, actions)
  local client = vim.lsp.get_client_by_id(id)
  vim.lsp.util.apply_workspace_edit(actions[1].edit, client.offset_encoding)
  found.mended = await(function() return not has('unknown-technique') end)
  found.line = vim.api.nvim_buf_get_lines(0, line, line + 1, false)[1]

  -- Layout is put right by formatting.
  vim.api.nvim_buf_set_lines(0, line, line + 1, false, { (found.line:gsub('^%s+', '       ')) })
  if vim.lsp.buf.format then vim.lsp.buf.format({ timeout_ms = 10000 }) else vim.lsp.buf.formatting_sync(nil, 10000) end
  found.formatted = vim.api.nvim_buf_get_lines(0, line, line + 1, false)[1]

  vim.lsp.stop_client(id)
  found.stopped = await(function() return client.is_stopped() end)
  return found
end

local ok, found = pcall(run)
local file = assert(io.open(vim.env.MEMPLAN_OUT, 'w'))
file:write(vim.fn.json_encode(ok and found or { failure = tostring(found) }))
file:close()
vim.cmd('qall!')
