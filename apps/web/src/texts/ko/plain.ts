import type { plain as english } from '../en/plain.ts';

export const plain: Readonly<Record<keyof typeof english, string>> = {
  'plain.refresh': '이 페이지는 {seconds}초마다 자동으로 갱신됩니다.',
  'plain.now': '지금 갱신',
  'plain.away': '대기실이 응답하지 않습니다',
  'plain.away-lead': '이 페이지가 자동으로 다시 확인합니다. 이미 받은 순번은 기다리는 동안 없어지지 않습니다.',
  'plain.no-pay': '여기에서 대기와 좌석 선택은 할 수 있지만, 결제하려면 자바스크립트를 쓸 수 있는 브라우저가 필요합니다. 차례가 되기 전에 바꿔 주세요.',
  'plain.none': '선택한 좌석이 없습니다. 원하는 좌석에 표시한 뒤 선점해 주세요.',
  'plain.minutes': '{minutes}분',
  'plain.hold': '표시한 좌석 선점하기',
  'plain.release-sure': '좌석을 반납할까요? 바로 다른 분이 선택할 수 있습니다.',
  'plain.outside': '입장하지 않았거나 이용 시간이 끝났습니다. 이미 만든 주문과 티켓은 그대로 유지됩니다.',
  'plain.no-window': '결제창에는 자바스크립트가 필요합니다. 시간이 다 되기 전에 이 브라우저에서 자바스크립트를 켜고 이 페이지를 다시 열어 주세요.',
  'plain.confirming-lead': '결제 내용을 전달하고 있습니다. 자동으로 다시 확인하니 다시 결제하지 마세요.',
};
